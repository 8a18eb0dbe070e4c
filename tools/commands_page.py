"""The page docs/commands.md, written from the help of every verb: `make docs`."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tidemark.cli.main import VERBS

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
_HEAD = """# Commands

One command, one verb for each thing a person does. The exit status is 0 only when what was asked for is true; 1 when
something needs a person, who is told what; 2 when a setting, or how an option is written, is wrong.

This page is written by `make docs` from `tidemark VERB --help`.
"""


def page() -> str:
    """Return the whole page; asks every verb for its help."""
    with ThreadPoolExecutor(2) as two:
        helps = two.map(_help, VERBS)
    return _HEAD + "".join(
        f"\n## tidemark {verb}\n\n```\n{text}\n```\n" for verb, text in zip(VERBS, helps, strict=True)
    )


def _help(verb: str) -> str:
    plain = {"COLUMNS": "120", "TERM": "dumb", "NO_COLOR": "1", "PATH": os.environ["PATH"]}
    command = [str(Path(sys.executable).with_name("tidemark")), verb, "--help"]
    shown = subprocess.run(command, env=plain, capture_output=True, text=True, check=True, cwd=PAGE.parents[1]).stdout
    return re.sub(r"[ \t]+$", "", shown, flags=re.MULTILINE).strip("\n")


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(PAGE.parents[1])} written\n")
