"""The demo's report: figures and reconciliation on one page. Pure; nothing here reads or writes."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from tidemark.local.demo.reconciliation import Reconciliation
from tidemark.local.demo.tables import collections, gaps, hours
from tidemark.local.figures import Figures
from tidemark.simulator.message import SaleKey

_SHOWN = 5


def report(figures: Figures, reconciliation: Reconciliation) -> RenderableType:
    """Return the whole report, ready to print."""
    return Group("", hours(figures), "", gaps(figures), "", collections(figures), "", *_answer(reconciliation))


def _answer(found: Reconciliation) -> Iterator[Text]:
    from_api = found.in_warehouse - found.received
    recovered = f", {from_api:,} of them from the Events API" if from_api > 0 else ""
    yield Text(
        f"{found.received:,} different sales were received, {found.in_warehouse:,} are in the warehouse{recovered}. "
        f"{found.in_gaps:,} messages were sent to a collector during its gaps."
    )
    answer = Text("Every sale that any collector received is in the warehouse exactly once: ", style="bold")
    yield answer.append("yes", "bold green") if found.matches else answer.append("no", "bold red")
    if not found.received:
        yield Text("  No collector received a sale, so there is nothing to compare.")
    yield from _difference("received, but not in the warehouse", found.missing)
    yield from _difference("in the warehouse more than once", found.duplicated)
    yield from _difference("in the warehouse, but never sold", found.never_sold)
    for collector, sent in found.unexplained[:_SHOWN]:
        yield Text(f"  sent to {collector} at {sent.at:%H:%M:%S.%f}, not archived, and not in a gap: {sent.digest}")
    if found.never_sent:
        yield Text(f"  {found.never_sent:,} archived messages were not sent, or not as often.")


def _difference(what: str, sales: tuple[SaleKey, ...]) -> Iterator[Text]:
    if sales:
        yield Text(f"  {len(sales):,} {what}, such as:")
        for sale in sales[:_SHOWN]:
            yield Text(f"    {sale.chain}/{sale.contract}/{sale.token} in {sale.transaction}")
