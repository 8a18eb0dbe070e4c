"""The ledger's files."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import msgspec

from tidemark.core.errors import Problem
from tidemark.simulator.ledger import Fired, Line, Missed, Published, Sent, Sold, read_lines

FILES: dict[type, str] = {
    Published: "published.jsonl",
    Sent: "sent.jsonl",
    Missed: "missed.jsonl",
    Sold: "sales.jsonl",
    Fired: "faults.jsonl",
}


class LedgerFiles:
    """Writes a new ledger into a folder, over an earlier one. Lines reach the files with `flush` at the latest.

    Raises Problem where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self._explained(), ExitStack() as opened:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {kind: opened.enter_context((folder / name).open("wb")) for kind, name in FILES.items()}
            self._opened = opened.pop_all()
        self._lines: dict[type, list[bytes]] = {kind: [] for kind in FILES}
        self._encode = msgspec.json.Encoder().encode

    def write(self, entry: Published | Sent | Missed | Sold | Fired) -> None:
        """Add a line."""
        self._lines[type(entry)].append(self._encode(entry))

    def flush(self) -> None:
        """Hand every line to the operating system."""
        with self._explained():
            for kind, lines in self._lines.items():
                if lines:
                    self._files[kind].write(b"\n".join((*lines, b"")))
                    self._files[kind].flush()
                    lines.clear()

    def close(self) -> None:
        """Write what is left and close the files."""
        with self._explained(), self._opened:
            self.flush()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Problem(
                f"the ledger in {self._folder} cannot be written ({error.strerror})",
                "Make room, or name another folder with --ledger.",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_ledger(folder: Path, kind: type[Line]) -> Iterator[Line]:
    """Read the entries of one kind from a ledger's folder. Raises ValueError for a line that is none."""
    with (folder / FILES[kind]).open("rb") as file:
        yield from read_lines(kind, file)
