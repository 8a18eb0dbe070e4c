"""`tidemark detach`: take the sales of an old month out of the warehouse."""

from typing import Annotated

import typer


def detach(
    month: Annotated[str, typer.Argument(help="The UTC month, such as 2025-01.", metavar="YYYY-MM")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would leave.")] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Also where hours that are closed with it were never loaded.")
    ] = False,
) -> None:
    """Move the sales of a month, oldest first, into tables of the schema detached, which can be dumped and dropped.

    Roll-ups, coverage and the books of loads stay. Hours until 31 days after the month cannot be loaded or repaired any
    more, and a sale of the month that a message reports again is counted and not taken. Older sales that were first
    received in those hours leave, too. Needs the owner of the warehouse.

    \b
    Example:
      tidemark detach 2025-01 --dry-run
      tidemark detach 2025-01
      pg_dump --table='detached.*_2025_01' --file=2025-01.sql "$OWNER_URL"
    """
    from datetime import datetime

    from tidemark.loader.warehouse import detach as months
    from tidemark.storage.settings import WarehouseSettings

    try:
        wanted = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007 - a month of UTC
    except ValueError:
        raise typer.BadParameter(f"{month} is not a month such as 2025-01", param_hint="YYYY-MM") from None
    found = months.detach(
        WarehouseSettings().warehouse_url, wanted, typer.echo, dry_run=dry_run, allow_missing=allow_missing
    )
    verb = "would leave" if dry_run else "detached into detached.sale_row_" + f"{found.month:%Y_%m}"
    can = "could" if dry_run else "can"
    older = f", {found.older:,} of them older" if found.older else ""
    typer.echo(f"{month}: {found.sales:,} sales{older} ({found.bytes / 2**20:,.1f} MiB of rows) {verb}")
    typer.echo(f"hours before {found.closed:%Y-%m-%d} {can} no longer be loaded")
    if found.open_seconds:
        typer.echo(f"{found.open_seconds:,.0f} s of open gaps in them {can} no longer be repaired")
