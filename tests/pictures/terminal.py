"""Pictures of the terminal: the real command's output, drawn by rich, without its fonts from elsewhere."""

import os
import re
import subprocess
from io import StringIO
from pathlib import Path

from pydantic import SecretStr
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tidemark.local.process import tidemark

_WIDTH = 100
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
COMMANDS = {
    "query.svg": ["query", "collection_volume", "--limit", "8", "--plot"],
    "coverage.svg": ["coverage", "--from", "2026-11-16T00", "--to", "2026-11-22T23"],
}


def draw(url: SecretStr, folder: Path) -> None:
    """Run each command over the warehouse and draw what it prints."""
    environment = {
        **os.environ, "TIDEMARK_WAREHOUSE_URL": url.get_secret_value(), "COLUMNS": str(_WIDTH), "FORCE_COLOR": "1",
        "TERM": "xterm-256color",
    }  # fmt: skip
    for file, words in COMMANDS.items():
        done = subprocess.run(tidemark(*words), env=environment, capture_output=True, text=True, check=True)
        console = Console(record=True, width=_WIDTH, file=StringIO(), force_terminal=True)
        console.print(Text(f"$ tidemark {' '.join(words)}\n", style="bold"))
        console.print(Text.from_ansi(done.stdout))
        drawn = console.export_svg(title="", code_format=_FORMAT, unique_id=file.removesuffix(".svg"))
        (folder / file).write_text(re.sub(r"\s*\n\s*", "\n", drawn))
