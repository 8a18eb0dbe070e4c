"""`tidemark top`: this machine's collector at a glance, refreshed in place."""

from typing import Annotated

import typer


def top(
    every: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one picture, of one such time, and end.")] = False,
) -> None:
    """Show rates by event type and collection, lag, gaps, disk and backlog of this machine's collector, until Ctrl-C.

    Asks the collector for its status and reads along in the file that it writes; the collector does not wait for it.

    \b
    Example:
      tidemark top
      tidemark top --once --every 10
    """
    import time
    from collections import Counter

    from rich.console import Console
    from rich.live import Live

    from collector.settings import SpoolSettings
    from collector.status import inspect
    from tidemark.cli.output import is_read
    from tidemark.live.spool import SpoolTail
    from tidemark.live.top import collections_of, picture

    root = SpoolSettings().spool
    paper = Console(highlight=False, markup=False, emoji=False)
    before, follower, began = inspect(root), SpoolTail.open(root), time.monotonic()
    with Live(console=paper, auto_refresh=False, screen=paper.is_terminal and not once) as live:
        while is_read():
            time.sleep(every)
            counts: Counter[str] = sum((collections_of(part) for part in follower.read()), Counter())
            now, until = inspect(root), time.monotonic()
            shown = picture(before, now, until - began, counts)
            if once or not paper.is_terminal:
                paper.print(shown)
            else:
                live.update(shown, refresh=True)
            if once:
                return
            before, began = now, until
