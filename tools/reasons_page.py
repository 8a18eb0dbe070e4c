"""The table of reasons in docs/operator.md, written from the list itself: `make docs`."""

import sys
from pathlib import Path

from tidemark.archive.reasons import Reason

PAGE = Path(__file__).parents[1] / "docs" / "operator.md"
_HEAD = "| reason | what happened |\n|---|---|\n"


def with_table(page: str) -> str:
    """Return a page with its table of reasons replaced by the current one."""
    before, head, rest = page.partition(_HEAD)
    if not head:
        raise ValueError(f"the page holds no table that begins with {_HEAD.splitlines()[0]}")
    after = rest[rest.index("\n\n") :] if not rest.startswith("\n") else rest
    return before + head + "\n".join(f"| `{reason}` | {reason.sentence} |" for reason in Reason) + after


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
    sys.stdout.write(f"{PAGE.relative_to(PAGE.parents[1])} written\n")
