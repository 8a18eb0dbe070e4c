"""`tidemark notify`: sales, sweeps and gaps to a chat, as they happen."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from tidemark.cli.arguments import amount

_PAUSE = 0.5  # seconds between two rounds


def notify(
    *,
    sale: Annotated[
        Decimal | None,
        typer.Option("--sale-above", parser=amount, metavar="ETH", help="Report a sale of at least this price in ETH."),
    ] = None,
    sweep: Annotated[
        int | None, typer.Option(min=2, metavar="NUMBER", help="Report this many NFTs bought in one transaction.")
    ] = None,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="Report when the collector stops recording, and when it records again.")
    ] = False,
    most: Annotated[
        int, typer.Option("--most", min=2, help="Messages a minute; the others are counted in one summary.")
    ] = 10,
    position: Annotated[
        Path | None,
        typer.Option(help="The file that keeps the place; default: one for each webhook and kind of report."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Send what has happened since the last run, and end.")] = False,
) -> None:
    """Send sales above a price, sweeps and gaps to the webhook in TIDEMARK_WEBHOOK_URL, of Slack or Discord.

    Follows the spool of this machine's collector. A restart goes on where everything had been sent; a message may then
    come twice, none is left out. While the webhook is busy or away, messages are tried again.

    \b
    Example:
      export TIDEMARK_WEBHOOK_URL=https://hooks.slack.com/…
      tidemark notify --sale-above 10 --sweep 5 --gaps
    """
    import os
    import time
    from functools import partial

    from collector.settings import NotifySettings
    from collector.status import inspect
    from tidemark.live.notice import GapState, GapWatch, Limiter, MarketWatch
    from tidemark.live.notify import Notifier, default_file, read_kept
    from tidemark.live.spool import SpoolTail
    from tidemark.live.webhook import Webhook

    if sale is None and sweep is None and not gaps:
        raise typer.BadParameter("choose what to report: --sale-above ETH, --sweep NUMBER or --gaps")
    settings = NotifySettings()
    webhook = Webhook(settings.webhook_url, log=partial(typer.echo, err=True))
    rules = [name for name, chosen in (("sale", sale), ("sweep", sweep), ("gaps", gaps or None)) if chosen is not None]
    file = position or default_file(settings.spool, settings.webhook_url, rules, os.environ)
    kept = read_kept(file)
    follower = SpoolTail.open(settings.spool, kept.position if kept else None)
    watch = GapWatch(kept.gaps if kept else GapState()) if gaps else None
    notifier = Notifier(follower, MarketWatch(sale, sweep), watch, Limiter(most), webhook.send, file, kept)
    while True:
        notifier.round(lambda: inspect(settings.spool).status, time.time)
        if once and not notifier.busy:
            return
        time.sleep(_PAUSE)
