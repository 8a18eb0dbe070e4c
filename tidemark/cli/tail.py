"""`tidemark tail`: what the collector receives, as it comes."""

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from tidemark.cli.arguments import amount
from tidemark.cli.completion import event_types
from tidemark.cli.output import is_read

if TYPE_CHECKING:
    from tidemark.live.market import Filter, MarketEvent
    from tidemark.live.seen import Seen
    from tidemark.live.spool import SpoolTail

_PAUSE = 0.2  # seconds between two looks
_PIPE = 120  # columns where there is no terminal


def _event_type(text: str) -> str:
    """Read an event type; one that OpenSea does not send would be waited for without end."""
    from tidemark.archive.event_type import EVENT_TYPES
    from tidemark.query.names import near

    name = text.lower().replace("-", "_")
    if name not in EVENT_TYPES:
        found = near(name, EVENT_TYPES)
        meant = f" Did you mean {' or '.join(found)}?" if found else ""
        raise typer.BadParameter(f"{text!r} is no event type.{meant} There are {', '.join(EVENT_TYPES)}")
    return name


def tail(
    *,
    collection: Annotated[
        list[str] | None, typer.Option(parser=str.lower, metavar="TEXT", help="Only this collection; can be repeated.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            parser=_event_type,
            autocompletion=event_types,
            metavar="TYPE",
            help="Only this event type, such as item_sold; can be repeated.",
        ),
    ] = None,
    least: Annotated[
        Decimal | None,
        typer.Option(
            parser=amount, metavar="ETH", help="Only of at least this price in ETH; unknown prices are left out."
        ),
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Begin with this many earlier events.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Show the stream by a connection of your own; nothing is recorded.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Print the earlier events and end.")] = False,
) -> None:
    """Follow the spool of this machine's collector: every event on one line, as it comes, until Ctrl-C.

    Reads the file that the collector writes; the collector does not notice. Times are UTC. With --stream it needs no
    collector: it subscribes by itself with OPENSEA_API_KEY and records nothing.

    \b
    Examples:
      tidemark tail --type item_sold --least 0.5
      tidemark tail --collection pudgypenguins --json | jq .price_eth
      OPENSEA_API_KEY=... tidemark tail --stream --collection pudgypenguins
    """
    import time
    from functools import partial
    from shutil import get_terminal_size

    from collector.settings import SpoolSettings
    from tidemark.live.earlier import earlier
    from tidemark.live.market import Filter, json_of, line_of
    from tidemark.live.spool import SpoolTail

    wanted = Filter(frozenset(collection or ()), frozenset(kind or ()), least)
    form = json_of if as_json else partial(line_of, width=get_terminal_size((_PIPE, 0)).columns)
    if stream:
        if once:
            raise typer.BadParameter("the stream has no earlier events", param_hint="--once")
        _listen(wanted, form)
        return
    follower = SpoolTail.open(SpoolSettings().spool)
    found = earlier(follower, wanted, lines, time.monotonic())
    for event in found.events:
        typer.echo(form(event))
    if len(found.events) < lines and (found.searched or not found.events):
        count = f"only {len(found.events)} earlier events fit" if found.events else "no earlier event fits"
        where = f" in the last {found.searched >> 20} MB of the spool" if found.searched else ""
        typer.echo(f"{count}{where}{'' if once else '; waiting for the next'}", err=True)
    if not once:
        _follow(follower, found.seen, wanted, form)


def _follow(follower: "SpoolTail", seen: "Seen", wanted: "Filter", form: Callable[["MarketEvent"], str]) -> None:
    """Print what the collector writes, until Ctrl-C."""
    import time

    from tidemark.live.market import chosen

    while is_read():
        for part in follower.read():
            for event in chosen(seen.new(part, time.monotonic()), wanted):
                typer.echo(form(event))
        for name in follower.missing:
            typer.echo(f"the segment {name} was removed before it was read to its end", err=True)
        follower.missing.clear()
        sys.stdout.flush()
        time.sleep(_PAUSE)


def _listen(wanted: "Filter", form: Callable[["MarketEvent"], str]) -> None:
    """Print the stream's events; what happens to the connection goes to standard error."""
    from functools import partial

    from collector.settings import StreamSettings
    from tidemark.live.market import chosen
    from tidemark.live.stream import listen

    def take(lines: list[bytes]) -> None:
        for event in chosen(lines, wanted):
            typer.echo(form(event))
        sys.stdout.flush()
        if not is_read():
            raise typer.Exit

    topics = [f"collection:{slug}" for slug in sorted(wanted.collections) or ["*"]]
    typer.echo("A connection of its own to the stream: this shows what comes and records nothing.", err=True)
    listen(StreamSettings(), topics, sorted(wanted.types), take, partial(typer.echo, err=True))
