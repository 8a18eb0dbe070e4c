"""`tidemark fees`: classify the fees of loaded sales again."""

from typing import Annotated

import typer


def fees(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Classify the fees of all loaded sales by core.fee_recipient, after that table changed.

    The archive is not read again. A second run changes nothing. Days whose sales were changed since they were last
    scored are scored as well.

    \b
    Example:
      psql "$TIDEMARK_WAREHOUSE_URL" -c "INSERT INTO core.fee_recipient
        (recipient, chain, from_at, kind, name)
        VALUES ('0xabc…', 'base', '2026-01-01Z', 'marketplace', 'OpenSea')"
      tidemark fees
    """
    import json
    from functools import partial

    from tidemark.loader.marts import classify_fees
    from tidemark.storage.settings import WarehouseSettings

    done = classify_fees(WarehouseSettings().warehouse_url, partial(typer.echo, err=as_json))
    if as_json:
        days = {f"{day}": sales for day, sales in done.changed.items()}
        typer.echo(json.dumps({"before": done.before._asdict(), "after": done.after._asdict(), "changed": days}))
        return
    for kind, before, after in zip(done.before._fields, done.before, done.after, strict=True):
        typer.echo(f"sales with a fee of kind {kind}: {before:,} before, {after:,} now")
    typer.echo(f"{sum(done.changed.values()):,} sales on {len(done.changed)} days classified otherwise")
