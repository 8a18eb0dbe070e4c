"""`tidemark tail`: what the collector receives, as it comes."""

import sys
from decimal import Decimal
from typing import Annotated

import typer

from tidemark.cli.arguments import amount

_PAUSE = 0.2  # seconds between two looks
_BACK = 4 << 20  # bytes in which earlier events are looked for


def tail(
    *,
    collection: Annotated[list[str] | None, typer.Option(help="Only this collection; can be repeated.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="Only this event type, such as item_sold; can be repeated.")
    ] = None,
    least: Annotated[
        Decimal | None,
        typer.Option(
            parser=amount, metavar="ETH", help="Only of at least this price in ETH; unknown prices are left out."
        ),
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Begin with this many earlier events.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Print the earlier events and end.")] = False,
) -> None:
    """Follow the spool of this machine's collector: every event on one line, as it comes, until Ctrl-C.

    Reads the file that the collector writes; the collector does not notice. Times are UTC.

    \b
    Examples:
      tidemark tail --type item_sold --least 0.5
      tidemark tail --collection pudgypenguins --json | jq .price_eth
    """
    import time
    from collections import deque

    from collector.settings import SpoolSettings
    from tidemark.live.market import Filter, chosen, json_of, line_of
    from tidemark.live.spool import SpoolTail

    wanted = Filter(frozenset(collection or ()), frozenset(kind or ()), least)
    form = json_of if as_json else line_of
    follower = SpoolTail(SpoolSettings().spool)
    follower.position = follower.back(_BACK)
    for event in deque((event for part in follower.read() for event in chosen(part, wanted)), maxlen=lines):
        typer.echo(form(event))
    while not once:
        for part in follower.read():
            for event in chosen(part, wanted):
                typer.echo(form(event))
        for name in follower.missing:
            typer.echo(f"the segment {name} was removed before it was read to its end", err=True)
        follower.missing.clear()
        sys.stdout.flush()
        time.sleep(_PAUSE)
