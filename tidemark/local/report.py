"""The demo's report: from figures and a verdict to one page. Pure; nothing here reads or writes."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from tidemark.local.figures import Figures
from tidemark.local.tables import collections, gaps, hours
from tidemark.local.verdict import Verdict
from tidemark.simulator.message import SaleKey

_SHOWN = 5


def report(figures: Figures, verdict: Verdict) -> RenderableType:
    """Return the whole report, ready to print."""
    return Group(hours(figures), gaps(figures), collections(figures), *_answer(verdict))


def _answer(verdict: Verdict) -> Iterator[Text]:
    yield Text(
        f"{verdict.received:,} different sales were received, {verdict.in_warehouse:,} are in the warehouse"
        f"{_recovered(verdict)}. {verdict.in_gaps:,} messages went out to a collector while it had a gap."
    )
    answer = Text("Every sale that any collector received is in the warehouse exactly once: ", style="bold")
    yield answer.append("yes", "bold green") if verdict.yes else answer.append("no", "bold red")
    if not verdict.received:
        yield Text("  No collector received a sale, so there is nothing to judge.")
    yield from _against("received, but not in the warehouse", verdict.missing)
    yield from _against("in the warehouse more than once", verdict.doubled)
    yield from _against("in the warehouse, but never sold", verdict.invented)
    for collector, sent in verdict.unexplained[:_SHOWN]:
        yield Text(f"  sent to {collector} at {sent.at:%H:%M:%S.%f}, not kept, and no gap says why: {sent.digest}")
    if verdict.foreign:
        yield Text(f"  {verdict.foreign:,} archived messages were never sent, or not as often.")


def _recovered(verdict: Verdict) -> str:
    more = verdict.in_warehouse - verdict.received
    return f", {more:,} of them by repair" if more > 0 else ""


def _against(what: str, sales: tuple[SaleKey, ...]) -> Iterator[Text]:
    if sales:
        yield Text(f"  {len(sales):,} {what}, such as:")
        yield from (Text(f"    {_name(sale)}") for sale in sales[:_SHOWN])


def _name(sale: SaleKey) -> str:
    return f"{sale.chain}/{sale.contract}/{sale.token} in {sale.transaction}"
