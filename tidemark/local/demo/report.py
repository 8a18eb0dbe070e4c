"""The demo's report: figures and reconciliation on one page. Pure; nothing here reads or writes."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import fmean
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tidemark.archive.manifest import Gap
from tidemark.core.hour import LENGTH
from tidemark.core.spans import union, without
from tidemark.local.demo.reconciliation import Reconciliation
from tidemark.local.figures import CollectorHour, Figures, HourFigures, percent
from tidemark.simulator.message import SaleKey

_SHOWN = 5
_LOADED = (
    ("loaded: lines read", "lines"),
    ("loaded: new sales", "inserted"),
    ("loaded: corrected", "replaced"),
    ("loaded: duplicates", "duplicates"),
    ("loaded: quarantined", "quarantined"),
)
_QUALITY = (
    ("covered by a collector", "covered"),
    ("covered by both", "covered_twice"),
    ("filled by repair", "repaired"),
)


def report(figures: Figures, reconciliation: Reconciliation) -> RenderableType:
    """Return the whole report, ready to print."""
    return Group("", hours(figures), "", gaps(figures), "", collections(figures), "", *_answer(reconciliation))


def _answer(found: Reconciliation) -> Iterator[Text]:
    from_api = found.in_warehouse - found.received
    recovered = f", {from_api:,} of them from the Events API" if from_api > 0 else ""
    yield Text(
        f"{found.received:,} different sales were received, {found.in_warehouse:,} are in the warehouse{recovered}. "
        f"Messages sent to a collector during its gaps: {found.in_gaps:,}."
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


def _table(title: str, *columns: str, numbers: slice) -> Table:
    table = Table(
        *columns, title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False
    )
    for column in table.columns[numbers]:
        column.justify = "right"
    return table


def hours(figures: Figures) -> Table:
    """Show each hour in a column, from the stream to the warehouse, and the totals in the last one."""
    keys = [hour.hour.key for hour in figures.hours]
    table = _table("From the stream to the warehouse", "", *keys, "total", numbers=slice(1, None))
    for section in _counts(figures):
        for name, counts in section:
            table.add_row(name, *map(_number, counts), _number(_sum(counts)))
        table.add_section()
    covered = [
        (f"covered by {name}", [_of(hour, name).covered for hour in figures.hours]) for name in _collectors(figures)
    ]
    for name, spans in [*covered, *((name, _each(figures, "quality", field)) for name, field in _QUALITY)]:
        shares = [span / LENGTH for span in spans if span is not None]
        mean = fmean(shares) if len(shares) == len(spans) else None
        table.add_row(name, *(percent(None if span is None else span / LENGTH) for span in spans), percent(mean))
    table.add_section()
    recovered = _each(figures, "quality", "recovered")
    table.add_row("missed by both, about", *map(_estimate, figures.hours), "")
    table.add_row("not sent, by audit", *map(_lost, figures.hours), "")
    table.add_row("recovered from API", *map(_number, recovered), _number(_sum(recovered)))
    return table


def _counts(figures: Figures) -> Iterator[Sequence[tuple[str, Sequence[int | None]]]]:
    """Yield the sections of the table: what was sent, received, archived and loaded in each hour."""
    hours, collectors = figures.hours, _collectors(figures)
    yield [
        ("simulator: messages", [hour.sent for hour in hours]),
        ("simulator: sales", [hour.sent_sales for hour in hours]),
    ]
    received = ((name, [_of(hour, name) for hour in hours]) for name in collectors)
    yield [
        row
        for name, each in received
        for row in (
            (f"{name}: received", [hour.records for hour in each]),
            (f"{name}: sales", [hour.sales for hour in each]),
        )
    ]
    archived = [hour.collectors for hour in hours]
    yield [
        ("S3: objects", [sum(each.objects for each in hour) for hour in archived]),
        ("S3: bytes, compressed", [sum(each.compressed_bytes for each in hour) for hour in archived]),
    ]
    yield [(name, _each(figures, "loaded", field)) for name, field in _LOADED]


def _each(figures: Figures, part: str, field: str) -> list[Any]:
    """Return a figure of each hour's load or quality; None for an hour that was not loaded."""
    return [getattr(getattr(hour, part), field, None) for hour in figures.hours]


def _collectors(figures: Figures) -> list[str]:
    return sorted({each.collector for hour in figures.hours for each in hour.collectors if not each.repairs})


def _of(hour: HourFigures, collector: str) -> CollectorHour:
    nothing = CollectorHour(collector, 0, 0, 0, 0, timedelta(), (), ())
    return next((each for each in hour.collectors if each.collector == collector), nothing)


def gaps(figures: Figures) -> Table:
    """Show every gap of every collector, its reason, and what fills it."""
    title = "Gaps: times without a proven subscription"
    table = _table(title, "collector", "from (UTC)", "to", "min", "why", "filled by", numbers=slice(3, 4))
    for hour in figures.hours:
        for each in hour.collectors:
            for gap in each.gaps:
                minutes = f"{(gap.end - gap.start) / timedelta(minutes=1):.1f}"
                start, end, reason = f"{gap.start:%m-%d %H:%M:%S}", f"{gap.end:%H:%M:%S}", gap.reason.replace("_", " ")
                table.add_row(each.collector, start, end, minutes, reason, _filled(hour, each, gap))
    if not table.rows:
        table.add_row("none")
    return table


def _filled(hour: HourFigures, collector: CollectorHour, gap: Gap) -> str:
    """Return what covers a gap completely, one source or several together."""
    others = [each for each in hour.collectors if each is not collector]
    fillers = {"other collector": [each for each in others if not each.repairs], "repair": others}
    for name, helpers in fillers.items():
        covered = union((span.start, span.end) for each in helpers for span in each.intervals)
        if not without([(gap.start, gap.end)], covered):
            return name
    return "nothing"


def collections(figures: Figures) -> Table:
    """Show the collections with the largest volume."""
    table = _table("Top collections", "collection", "sales", "volume, ETH", numbers=slice(1, None))
    for each in figures.collections:
        volume = "unknown" if each.volume_eth is None else f"{each.volume_eth:,.3f}"
        table.add_row(Text(each.slug), f"{each.sales:,}", volume)
    return table


def _number(value: int | None) -> str:
    return "not loaded" if value is None else f"{value:,}"


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _estimate(hour: HourFigures) -> str:
    quality = hour.quality
    if quality is None:
        return "not loaded"
    if quality.missed is None:
        return "unknown"
    return f"{quality.missed:.1f} ({quality.missed_low:.1f}-{quality.missed_high:.1f})"


def _lost(hour: HourFigures) -> str:
    quality = hour.quality
    if quality is None or quality.api_unseen is None:
        return "not audited"
    if quality.loss_low is None or quality.loss_high is None:
        return f"{quality.api_unseen}"
    return f"{quality.api_unseen} ({quality.loss_low * 100:.1f}-{quality.loss_high:.1%})"
