"""The ledger's files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec

from archive.problem import Problem
from simulator.ledger import Fired, Line, Sent, Sold, read_lines

BUFFER = 1 << 20
FILES: dict[type, str] = {Sent: "sent.jsonl", Sold: "sales.jsonl", Fired: "faults.jsonl"}


class LedgerFiles:
    """Writes a new ledger into a folder, over an earlier one. Lines reach the files with `flush` at the latest.

    Raises Problem where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {kind: (folder / name).open("wb", buffering=BUFFER) for kind, name in FILES.items()}
        except OSError as error:
            raise Problem(
                f"the ledger in {folder} cannot be written ({error.strerror})", "Name another folder with --ledger."
            ) from error
        self._encode = msgspec.json.Encoder().encode

    def write(self, entry: Sent | Sold | Fired) -> None:
        """Add a line."""
        self._files[type(entry)].write(self._encode(entry) + b"\n")

    def flush(self) -> None:
        """Hand every line to the operating system."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Write what is left and close the files."""
        for file in self._files.values():
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_ledger(folder: Path, kind: type[Line]) -> Iterator[Line]:
    """Read the entries of one kind from a ledger's folder. Raises ValueError for a line that is none."""
    with (folder / FILES[kind]).open("rb") as file:
        yield from read_lines(kind, file)
