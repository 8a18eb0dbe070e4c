"""The documentation as a site: `make site`.

Pages link to each other as they lie in the repository, and some of them are not in `docs/`. So every page and every
file that one links to is laid out in the same way in `.run/site-source`, which is what mkdocs reads.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / ".run" / "site-source"
_FOLDERS = ("bench", "deploy", "docs", "sql")
_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
_MERMAID = re.compile(r"```mermaid\n.*?\n```", re.DOTALL)
_DRAWN = "![Two collectors, an archive in S3, Airflow and a warehouse](docs/pictures/aws.svg)"  # instead of a script


def pages() -> list[Path]:
    """Return every page of the repository, relative to it."""
    found = [*ROOT.glob("*.md"), *(page for folder in _FOLDERS for page in (ROOT / folder).rglob("*.md"))]
    return sorted(page.relative_to(ROOT) for page in found)


def linked(page: Path) -> list[Path]:
    """Return the files of the repository that a page links to and that are no pages, relative to the repository."""
    targets = [target for target, _ in _LINK.findall((ROOT / page).read_text()) if "://" not in target]
    files = [(ROOT / page.parent / target).resolve() for target in targets]
    return [file.relative_to(ROOT) for file in files if file.is_file() and file.suffix != ".md"]


def text_of(page: Path) -> str:
    """Return a page as the site shows it: a drawing for each diagram, and a folder's link to its page, if any."""
    return _LINK.sub(lambda link: _shown(page, link), _MERMAID.sub(_DRAWN, (ROOT / page).read_text()))


def _shown(page: Path, link: re.Match[str]) -> str:
    target = ROOT / page.parent / link[1]
    if "://" in link[1] or not target.is_dir():
        return link[0]
    index = target / "README.md"
    return f"]({link[1].rstrip('/')}/README.md{link[2] or ''})" if index.exists() else "](#)"


def lay_out(source: Path) -> None:
    """Write the pages and what they link to into a fresh folder."""
    shutil.rmtree(source, ignore_errors=True)
    for page in pages():
        (source / page).parent.mkdir(parents=True, exist_ok=True)
        (source / page).write_text(text_of(page))
        for file in linked(page):
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, source / file)


if __name__ == "__main__":
    lay_out(SOURCE)
    sys.stdout.write(f"{len(pages())} pages in {SOURCE.relative_to(ROOT)}\n")
