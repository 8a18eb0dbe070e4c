"""`tidemark export`: the warehouse's facts and marts as files for other engines."""

import os
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tidemark.cli.completion import exported_tables


class Form(StrEnum):
    """How the tables are written."""

    PARQUET = "parquet"
    ICEBERG = "iceberg"


def export(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="A folder, or s3://BUCKET/PREFIX.")],
    *,
    form: Annotated[
        Form, typer.Option("--as", help="Parquet files by month, or Apache Iceberg tables.")
    ] = Form.PARQUET,
    table: Annotated[
        list[str] | None, typer.Option(autocompletion=exported_tables, help="Only this table; can be repeated.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(help="The catalog of Iceberg tables; default: catalog.db in the folder.")
    ] = None,
    allow_removal: Annotated[
        bool, typer.Option("--allow-removal", help="Remove months also where that leaves none of what a table had.")
    ] = False,
) -> None:
    """Write sales, fees, collections by hour and day, wallets by day, and the quality of hours, by month.

    Only months whose content changed since the last export are written; an old month that a late load or a new score
    changed is written again. A month that the warehouse has no longer is removed, except a detached one. Amounts are
    exact, and each table keeps one schema. Reads the warehouse only. In a bucket each Parquet file is put once and its
    checksum read back; the endpoint has to know conditional writes.

    \b
    Examples:
      tidemark export exports
      tidemark export s3://my-bucket/lake --as iceberg --catalog catalog.db
    """
    from tidemark.core.errors import Problem
    from tidemark.query.export_run import export_tables
    from tidemark.query.exported import TABLES
    from tidemark.query.lake import Folder, Lake, ParquetLake
    from tidemark.storage.failures import failure_of
    from tidemark.storage.settings import WarehouseSettings

    names = [each.name for each in TABLES]
    if unknown := set(table or ()) - set(names):
        raise typer.BadParameter(f"{min(unknown)} is not exported; choose of {', '.join(names)}", param_hint="--table")
    settings = WarehouseSettings()
    lake: Lake
    if form is Form.ICEBERG:
        try:
            from tidemark.query.iceberg import IcebergLake
        except ImportError:
            raise Problem("pyiceberg is not installed", "Run: pip install 'tidemark-nft[iceberg]'") from None
        if catalog is None and "://" in place:
            raise typer.BadParameter("a bucket needs --catalog FILE, for the catalog is a file", param_hint="--catalog")
        endpoint = _endpoint(place, settings.plaintext_hosts)
        lake = IcebergLake.open(place, catalog or Path(place) / "catalog.db", endpoint)
    elif place.startswith("s3://"):
        from tidemark.query.s3 import Bucket
        from tidemark.storage.s3_client import s3_client

        bucket, _, folder = place.removeprefix("s3://").partition("/")
        prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
        lake = ParquetLake(Bucket(s3_client(plaintext_hosts=settings.plaintext_hosts), bucket, prefix))
    elif "://" in place:
        raise Problem(f"{place} is neither a folder nor s3://BUCKET/PREFIX", "Write one of the two")
    else:
        lake = ParquetLake(Folder(Path(place)))
    chosen = [each for each in TABLES if not table or each.name in table]
    try:
        export_tables(settings.warehouse_url, lake, chosen, _say, may_empty=allow_removal)
    except OSError as error:
        failure = failure_of(error) if error.errno else None  # pyarrow's errors about S3 have none
        why = failure.what if failure else "the store refused or did not answer"
        hint = "Check the place, the AWS_* variables and the rights"
        raise Problem(f"{place} could not be written: {why}", hint) from error


def _endpoint(place: str, plaintext_hosts: Collection[str]) -> str | None:
    """Return the address of the lake's S3, None for AWS's. Raises Problem for one that is reached in plain text."""
    from tidemark.core.errors import Problem
    from tidemark.core.text import printable
    from tidemark.storage.settings import UNENCRYPTED, plaintext_host

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if "://" in place and (host := plaintext_host(endpoint or "")) and host not in plaintext_hosts:
        raise Problem(f"the endpoint of S3 {UNENCRYPTED.format(printable(host))}", "Look at AWS_ENDPOINT_URL")
    return endpoint


def _say(line: str) -> None:
    """Print a line of progress; an output that is full is no fault of the place."""
    from tidemark.core.errors import Problem
    from tidemark.query.table import console
    from tidemark.storage.failures import failure_of

    try:
        console().print(line)
    except OSError as error:
        failure = failure_of(error)
        raise Problem(f"the output could not be written: {failure.what if failure else error.errno}",
                      "Run it again with another output: it goes on where it ended") from error  # fmt: skip
