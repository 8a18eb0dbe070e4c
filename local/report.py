"""The demo's report: from figures to tables and sentences. Pure; nothing here reads or writes."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from archive.hour import LENGTH
from archive.manifest import Gap
from local.figures import CollectorHour, Figures, HourFigures
from local.verdict import Verdict
from simulator.message import SaleKey

_SHOWN = 5
_WHOLE = timedelta()


def report(figures: Figures, verdict: Verdict) -> RenderableType:
    """Return the whole report, ready to print."""
    return Group(_hours(figures), _gaps(figures), _collections(figures), *_answer(verdict))


def _hours(figures: Figures) -> Table:
    table = Table("", *(hour.hour.key for hour in figures.hours), "together", box=box.SIMPLE_HEAD, title_justify="left")
    table.title = "From the stream to the warehouse"
    for column in table.columns[1:]:
        column.justify = "right"
    for name, values, end in _rows(figures):
        table.add_row(name, *map(_number, values), _number(_total(values)), end_section=end)
    for collector in _collectors(figures):
        covered = [_of(hour, collector).covered for hour in figures.hours]
        whole = sum(covered, _WHOLE) / (LENGTH * len(covered))
        table.add_row(f"{collector} coverage", *(_percent(each / LENGTH) for each in covered), _percent(whole))
    return table


def _rows(figures: Figures) -> Iterator[tuple[str, list[int | None], bool]]:
    """Yield the table's rows of counts: name, one value per hour, and whether a group ends here."""
    hours = figures.hours
    loaded = [hour.loaded for hour in hours]
    yield "simulator: messages sent", [hour.sent for hour in hours], False
    yield "simulator: sales among them", [hour.sent_sales for hour in hours], True
    for collector in _collectors(figures):
        yield f"{collector}: received", [_of(hour, collector).records for hour in hours], False
        yield f"{collector}: sales", [_of(hour, collector).sales for hour in hours], True
    yield "S3: objects", [sum(each.objects for each in hour.collectors) for hour in hours], False
    yield "S3: bytes, compressed", [sum(each.compressed_bytes for each in hour.collectors) for hour in hours], True
    yield "warehouse: lines read", [each.lines if each else None for each in loaded], False
    yield "warehouse: sales loaded", [each.inserted if each else None for each in loaded], False
    yield "warehouse: known duplicates", [each.duplicates if each else None for each in loaded], False
    yield "warehouse: quarantined", [each.quarantined if each else None for each in loaded], True


def _collectors(figures: Figures) -> list[str]:
    return sorted({each.collector for hour in figures.hours for each in hour.collectors})


def _of(hour: HourFigures, collector: str) -> CollectorHour:
    nothing = CollectorHour(collector, 0, 0, 0, 0, _WHOLE, ())
    return next((each for each in hour.collectors if each.collector == collector), nothing)


def _gaps(figures: Figures) -> Table:
    table = Table("collector", "from (UTC)", "to", "minutes", "why", box=box.SIMPLE_HEAD, title_justify="left")
    table.title = "Gaps: moments without a proven subscription"
    table.columns[3].justify = "right"
    for collector, gap in _all_gaps(figures):
        minutes = (gap.end - gap.start) / timedelta(minutes=1)
        why = gap.reason.replace("_", " ")
        table.add_row(collector, f"{gap.start:%Y-%m-%d %H:%M:%S}", f"{gap.end:%H:%M:%S}", f"{minutes:.1f}", why)
    if not table.rows:
        table.add_row("none")
    return table


def _all_gaps(figures: Figures) -> list[tuple[str, Gap]]:
    return sorted((each.collector, gap) for hour in figures.hours for each in hour.collectors for gap in each.gaps)


def _collections(figures: Figures) -> Table:
    table = Table("collection", "sales", "volume, ETH", box=box.SIMPLE_HEAD, title_justify="left")
    table.title = "Top collections"
    for column in table.columns[1:]:
        column.justify = "right"
    for each in figures.collections:
        volume = "unknown" if each.volume_eth is None else f"{each.volume_eth:,.3f}"
        table.add_row(Text(each.slug), f"{each.sales:,}", volume)
    return table


def _answer(verdict: Verdict) -> Iterator[Text]:
    yield Text(
        f"{verdict.received:,} different sales were received, {verdict.in_warehouse:,} are in the warehouse. "
        f"{verdict.in_gaps:,} messages went out to a collector while it had a gap."
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


def _against(what: str, sales: tuple[SaleKey, ...]) -> Iterator[Text]:
    if sales:
        yield Text(f"  {len(sales):,} {what}, such as:")
        yield from (Text(f"    {_name(sale)}") for sale in sales[:_SHOWN])


def _name(sale: SaleKey) -> str:
    return f"{sale.chain}/{sale.contract}/{sale.token} in {sale.transaction}"


def _number(value: int | None) -> str:
    return "not loaded" if value is None else f"{value:,}"


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _percent(share: float) -> str:
    """Print a share; what is not whole never looks whole."""
    return "100 %" if share >= 1 else f"{min(share * 100, 99.99):.2f} %"
