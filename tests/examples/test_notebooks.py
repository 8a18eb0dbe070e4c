"""The notebooks of examples/ run from top to bottom against a warehouse, and are kept without their output."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.sql.conftest import market_url

__all__ = ["market_url"]
NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))
RUN = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
where = {"metadata": {"path": sys.argv[2]}}
NotebookClient(book, timeout=240, startup_timeout=240, kernel_name="python3", resources=where).execute()
print(sum(len(cell.get("outputs", ())) for cell in book.cells))
"""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path, market_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TIDEMARK_WAREHOUSE_URL": market_url, "IPYTHONDIR": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "-c", RUN, notebook, tmp_path]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert int(ended.stdout.split()[-1]) >= 4


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output(notebook: Path) -> None:
    cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
