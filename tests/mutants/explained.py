"""The survivors that docs/mutants.md explains: a heading per file, and a list of lines, changes and reasons."""

import re

from tests.mutants.targets import ROOT

PAGE = ROOT / "docs" / "mutants.md"
_FILE = re.compile(r"## `(?P<path>[^`]+)`")
_ITEM = re.compile(r"- `(?P<line>[^`]+)`: (?P<change>`[^`]*` → `[^`]*`(?: \(\d+\))?): (?P<why>.+)")


def explanations(page: str | None = None) -> dict[tuple[str, str, str], str]:
    """Return the reasons by `Mutant.key`; lines that continue an item are indented."""
    found, path = {}, ""
    text = PAGE.read_text() if page is None else page
    for line in re.sub(r"\n +", " ", text).splitlines():
        if heading := _FILE.fullmatch(line):
            path = heading["path"]
        elif item := _ITEM.fullmatch(line):
            found[path, item["line"], item["change"]] = item["why"]
    return found
