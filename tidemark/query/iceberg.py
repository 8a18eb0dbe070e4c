"""The exported tables as Apache Iceberg tables, in a folder or a bucket, with a catalog that is one SQLite file.

A month is replaced in one commit together with its fingerprint, so a reader sees either the old or the new month whole.
Engines without this catalog read a table by its newest metadata file.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform

_NAMESPACE = "tidemark"
_FINGERPRINT = "tidemark.fingerprint."
_PARTITION = "month"


class IcebergLake:
    """Tables of the namespace `tidemark`, partitioned by a column `month` such as 2026-11."""

    def __init__(self, catalog: SqlCatalog) -> None:
        self._catalog = catalog

    @classmethod
    def open(cls, place: str, catalog: Path, endpoint: str | None = None) -> Self:
        """Open the catalog in a file, or create it, for tables below a folder or `s3://BUCKET/PREFIX`."""
        catalog.parent.mkdir(parents=True, exist_ok=True)
        warehouse = place if "://" in place else f"file://{Path(place).resolve()}"
        options = {"s3.endpoint": endpoint} if endpoint else {}
        opened = SqlCatalog("tidemark", uri=f"sqlite:///{catalog.resolve()}", warehouse=warehouse, **options)
        with suppress(NamespaceAlreadyExistsError):
            opened.create_namespace(_NAMESPACE)
        return cls(opened)

    def table(self, name: str) -> Table | None:
        """Return a table; None where it was never written."""
        try:
            return self._catalog.load_table((_NAMESPACE, name))
        except NoSuchTableError:
            return None

    def fingerprint(self, table: str, month: str) -> str | None:
        """Return which content of a month is there; None for none."""
        found = self.table(table)
        return found.properties.get(f"{_FINGERPRINT}{month}") if found else None

    def months(self, table: str) -> list[str]:
        """Return the months that are there."""
        found = self.table(table)
        names = found.properties if found else {}
        return sorted(name.removeprefix(_FINGERPRINT) for name in names if name.startswith(_FINGERPRINT))

    def write(self, table: str, month: str, fingerprint: str, parts: Iterable[pa.Table]) -> None:
        """Put a month in place of what was there, in one commit."""
        rows = pa.concat_tables(parts)
        rows = rows.append_column(_PARTITION, pa.array([month] * rows.num_rows, pa.string()))
        there = self.fingerprint(table, month) is not None
        with self._created(table, rows.schema).transaction() as change:
            change.overwrite(rows, overwrite_filter=_of(month)) if there else change.append(rows)
            change.set_properties({f"{_FINGERPRINT}{month}": fingerprint})

    def remove(self, table: str, month: str) -> None:
        """Remove a month."""
        if found := self.table(table):
            with found.transaction() as change:
                change.delete(_of(month))
                change.remove_properties(f"{_FINGERPRINT}{month}")

    def _created(self, name: str, schema: pa.Schema) -> Table:
        if found := self.table(name):
            return found
        table = self._catalog.create_table((_NAMESPACE, name), schema)
        with table.update_spec() as spec:
            spec.add_field(_PARTITION, IdentityTransform(), _PARTITION)
        return self._catalog.load_table((_NAMESPACE, name))


def _of(month: str) -> str:
    return f"{_PARTITION} == '{month}'"
