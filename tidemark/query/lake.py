"""Parquet files of the exported tables in a folder or a bucket: one per table and month, put once under its content.

`sales/month=2026-11/FINGERPRINT.parquet`: a month whose file is there is up to date. A month that changed gets another
file, and the older one goes once that is complete; a reader may see both for a moment.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from tidemark.storage.files import write_atomic


class Lake(Protocol):
    """Where months of tables are kept."""

    def fingerprint(self, table: str, month: str) -> str | None:
        """Return which content of a month is there; None for none."""
        ...

    def months(self, table: str) -> list[str]:
        """Return the months that are there."""
        ...

    def write(self, table: str, month: str, fingerprint: str, parts: Iterable[pa.Table]) -> None:
        """Put a month in place of what was there."""
        ...

    def remove(self, table: str, month: str) -> None:
        """Remove a month that the warehouse no longer has."""
        ...


class Files(Protocol):
    """A place for files, which are there whole or not at all."""

    def names(self, folder: str) -> Collection[str]:
        """Return the names of the files below a folder, with the folder."""
        ...

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Put a file that `fill` writes."""
        ...

    def delete(self, name: str) -> None:
        """Delete a file."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below a folder of this machine."""

    root: Path

    def names(self, folder: str) -> Collection[str]:
        """Return the names of the files below a folder."""
        return [str(file.relative_to(self.root)) for file in (self.root / folder).rglob("*") if file.is_file()]

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Put a file in place of what was there."""
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.root / name, fill)

    def delete(self, name: str) -> None:
        """Delete a file, and its folder where that is empty then."""
        (self.root / name).unlink(missing_ok=True)
        with suppress(OSError):
            (self.root / name).parent.rmdir()


@dataclass(frozen=True, slots=True)
class ParquetLake:
    """Parquet files in a folder, or in a bucket."""

    files: Files

    def fingerprint(self, table: str, month: str) -> str | None:
        """Return which content of a month is there; None where none is, or more than one."""
        names = self._of_month(table, month)
        return PurePosixPath(names[0]).stem if len(names) == 1 else None

    def months(self, table: str) -> list[str]:
        """Return the months that are there."""
        return sorted({PurePosixPath(name).parent.name.removeprefix("month=") for name in self._names(table)})

    def write(self, table: str, month: str, fingerprint: str, parts: Iterable[pa.Table]) -> None:
        """Put a month's file, whole or not at all, and then remove what was there before."""
        name = f"{table}/month={month}/{fingerprint}.parquet"
        older = self._of_month(table, month)
        if name not in older:  # an export that broke off may have left both
            self.files.put(name, lambda file: _write(file, parts))
        for each in older:
            if each != name:
                self.files.delete(each)

    def remove(self, table: str, month: str) -> None:
        """Remove a month."""
        for name in self._of_month(table, month):
            self.files.delete(name)

    def _of_month(self, table: str, month: str) -> list[str]:
        return [name for name in self._names(table) if name.startswith(f"{table}/month={month}/")]

    def _names(self, table: str) -> list[str]:
        return sorted(
            name
            for name in self.files.names(table)
            if name.startswith(f"{table}/month=") and name.endswith(".parquet") and name.count("/") == 2  # noqa: PLR2004
        )


def _write(file: BinaryIO, parts: Iterable[pa.Table]) -> None:
    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for part in parts:
            writer = writer or stack.enter_context(pq.ParquetWriter(file, part.schema, compression="zstd"))
            writer.write_table(part)


def sort_out(wanted: dict[str, str], lake: Lake, table: str, log: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """Return the months of a table to write and to remove, given the fingerprints of those in the warehouse."""
    write = [month for month, fingerprint in wanted.items() if lake.fingerprint(table, month) != fingerprint]
    gone = [month for month in lake.months(table) if month not in wanted]
    log(f"{table}: {len(wanted) - len(write)} months up to date, {len(write)} to write, {len(gone)} to remove")
    return write, gone
