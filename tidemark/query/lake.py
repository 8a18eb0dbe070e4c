"""Parquet files of the exported tables in a folder or a bucket: one per table and month, put once under its content.

`sales/month=2026-11/FINGERPRINT.parquet`: a month whose file is there is up to date. A month that changed gets another
file, and the older one goes once that is complete; a reader may see both for a moment.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from tidemark.core.errors import Problem


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


@dataclass(frozen=True, slots=True)
class ParquetLake:
    """Files below `root` of a file system of pyarrow: a folder, or a bucket with its prefix."""

    files: pyarrow.fs.FileSystem
    root: str

    @classmethod
    def at(cls, place: str, endpoint: str | None = None) -> "ParquetLake":
        """Return the lake at a folder or `s3://BUCKET/PREFIX`. Raises Problem for another address."""
        if place.startswith("s3://"):
            options = {"endpoint_override": endpoint} if endpoint else {}
            return cls(pyarrow.fs.S3FileSystem(**options), place.removeprefix("s3://").rstrip("/"))
        if "://" in place:
            raise Problem(f"{place} is neither a folder nor s3://BUCKET/PREFIX", "Write one of the two")
        return cls(pyarrow.fs.LocalFileSystem(), place.rstrip("/") or "/")

    def fingerprint(self, table: str, month: str) -> str | None:
        """Return which content of a month is there; None where none is, or more than one."""
        names = self._names(table, month)
        return names[0].removesuffix(".parquet") if len(names) == 1 else None

    def months(self, table: str) -> list[str]:
        """Return the months that are there."""
        found = self.files.get_file_info(pyarrow.fs.FileSelector(f"{self.root}/{table}", allow_not_found=True))
        return sorted(each.base_name.removeprefix("month=") for each in found if each.base_name.startswith("month="))

    def write(self, table: str, month: str, fingerprint: str, parts: Iterable[pa.Table]) -> None:
        """Put a month's file, whole or not at all, and then remove what was there before."""
        folder = f"{self.root}/{table}/month={month}"
        older = self._names(table, month)
        self.files.create_dir(folder)
        unfinished = f"{folder}/.{fingerprint}.tmp"
        try:
            with self.files.open_output_stream(unfinished) as stream, ExitStack() as stack:
                writer: pq.ParquetWriter | None = None
                for part in parts:
                    writer = writer or stack.enter_context(pq.ParquetWriter(stream, part.schema, compression="zstd"))
                    writer.write_table(part)
        except BaseException:
            self.files.delete_file(unfinished)
            raise
        self.files.move(unfinished, f"{folder}/{fingerprint}.parquet")
        for name in older:
            if name != f"{fingerprint}.parquet":
                self.files.delete_file(f"{folder}/{name}")

    def remove(self, table: str, month: str) -> None:
        """Remove a month."""
        self.files.delete_dir(f"{self.root}/{table}/month={month}")

    def _names(self, table: str, month: str) -> list[str]:
        selector = pyarrow.fs.FileSelector(f"{self.root}/{table}/month={month}", allow_not_found=True)
        return sorted(
            each.base_name for each in self.files.get_file_info(selector)
            if each.base_name.endswith(".parquet") and not each.base_name.startswith(".")
        )  # fmt: skip


def sort_out(wanted: dict[str, str], lake: Lake, table: str, say: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """Return the months of a table to write and to remove, given the fingerprints of those in the warehouse."""
    write = [month for month, fingerprint in wanted.items() if lake.fingerprint(table, month) != fingerprint]
    gone = [month for month in lake.months(table) if month not in wanted]
    say(f"{table}: {len(wanted) - len(write)} months up to date, {len(write)} to write, {len(gone)} to remove")
    return write, gone
