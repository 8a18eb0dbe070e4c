import os
import subprocess
from pathlib import Path

import pytest

from tools.site import ROOT, lay_out, pages, text_of

MKDOCS = ROOT / ".venv-site" / "bin" / "mkdocs"


def test_every_page_is_laid_out_with_the_files_it_links_to(tmp_path: Path) -> None:
    lay_out(tmp_path)
    laid = {file.relative_to(tmp_path) for file in tmp_path.rglob("*") if file.is_file()}
    assert set(pages()) <= laid
    assert {Path("docs/pictures/page.webp"), Path("LICENSE")} & laid
    assert not [page for page in pages() if ".venv" in str(page) or ".run" in str(page)]


def test_the_first_page_shows_a_drawing_instead_of_a_diagram_that_needs_a_script() -> None:
    text = text_of(Path("README.md"))
    assert "```mermaid" not in text
    assert "](docs/pictures/aws.svg)" in text


def test_a_link_to_a_folder_leads_to_its_page_or_nowhere() -> None:
    assert "](../sql/queries)" not in text_of(Path("docs/analyst.md"))


@pytest.mark.skipif(not MKDOCS.exists(), reason="needs mkdocs-material: make site")
def test_the_site_is_built_strictly(tmp_path: Path) -> None:
    lay_out(ROOT / ".run" / "site-source")
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    command = [MKDOCS, "build", "--quiet", "--strict", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    first = (tmp_path / "index.html").read_text()
    assert "fonts.googleapis" not in first
    assert "unpkg" not in first
