"""The coverage of hours for a person: a head, a strip of characters, and what is not whole, within any width."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tidemark.archive.reasons import explain
from tidemark.core.text import printable
from tidemark.query.answer import shown
from tidemark.query.coverage import HourCoverage, State, nothing_after

_LOWER_BOUND = "a lower bound: it does not count what OpenSea sent to no collector"
_NOTHING = "No hour was loaded yet, or none in this range: tidemark load HOUR, or look at load_sales in Airflow."
_COUNTED = ("collectors", "covered_percent", "covered_twice_percent", "repaired_percent", "sales", "seen_by",
            "recovered", "quarantined", "sold_to_sent_p50_s", "sent_to_received_p50_s",
            "received_to_loaded_p50_s")  # fmt: skip


def head(coverage: Sequence[HourCoverage], now: datetime | None = None) -> Text:
    """Return the range, how many hours are in each state, and what the collectors are known to have missed.

    With `now` also how many hours that are over come after the last one that is loaded.
    """
    if not coverage:
        return Text(_NOTHING)
    first, last = coverage[0].hour, coverage[-1].hour
    counts = [(state, sum(each.state is state for each in coverage)) for state in State]
    states = ", ".join(
        f"{number} {state.title}{'s' if state is State.GAP and number > 1 else ''}"
        for state, number in counts
        if number
    )
    lines = [f"{_hours(coverage)} from {first} to {last}, UTC: {states}."]
    newest = max((each.hour for each in coverage if each.row), default=None)
    if now and newest and (said := nothing_after(newest, now)):
        lines.append(said)
    estimates = [each.amount("missed_estimate") for each in coverage if each.row.get("missed_estimate") is not None]
    if estimates:
        lines.append(f"Sales that all collectors missed: about {_rounded(sum(estimates))}, {_LOWER_BOUND}.")
    else:
        lines.append(f"Sales that all collectors missed: unknown; an estimate would be {_LOWER_BOUND}.")
    audited = [each for each in coverage if each.row.get("api_sales") is not None]
    if audited:
        counted = ("api_sales", "api_unseen", "api_unseen_uncovered")
        known, unseen, open_ = (sum(each.amount(name) for each in audited) for name in counted)
        lines.append(f"Audits of {_hours(audited)}: of the Events API's {known:,} sales {unseen:,} unseen although"
                     f" covered, {open_:,} in gaps.")  # fmt: skip
    return Text("\n".join(lines))


def strip(coverage: Iterable[HourCoverage]) -> Text:
    """Return one line per UTC day with a character per hour, and the legend below."""
    days: dict[date, list[str | Text]] = {}
    for each in coverage:
        marks = days.setdefault(each.hour.start.date(), [" "] * 24)
        marks[each.hour.start.hour] = each.state.marked
    lines = [
        Text.assemble(f"{day}  ", *(part for start in range(0, 24, 6) for part in (*marks[start : start + 6], " ")))
        for day, marks in days.items()
    ]
    legend = Text("   ").join(_named(state) for state in State)
    return Text("\n").join([Text(f"{'UTC':<10}  00     06     12     18"), *lines, Text(), legend])


def exceptions(coverage: Iterable[HourCoverage], width: int) -> Text:
    """Return one line for each hour that no collector covered wholly; successive hours that are alike share one.

    A line never exceeds `width`: reasons that do not fit are counted.
    """
    lines = []
    for (state, why), group in groupby(coverage, lambda each: (each.state, _why(each))):
        alike = list(group)
        if alike[0].is_whole:
            continue
        begin = Text.assemble(f"{_range(alike)}  ", _named(state))
        lines.append(begin + Text(_fitting(why, width - begin.cell_len)))
    if not lines:
        return Text("Every hour of the range was covered wholly by a collector.")
    return Text("\n").join([Text("Not wholly covered by collectors:"), *lines])


def _why(each: HourCoverage) -> tuple[str, ...]:
    """Return what is missing of an hour and why, the most important first."""
    if not each.row:
        return ()
    filled = each.amount("repaired_percent")
    parts = [f"{length(each.amount('open_s'))} open"] if each.state in (State.PARTLY, State.GAP) else []
    parts += [f"{shown(filled)} % from the API"] if filled else []
    reasons = ((printable(reason).replace("_", " "), length(seconds)) for reason, seconds in each.reasons.items())
    return (*parts, *(f"{reason} {seconds}" for reason, seconds in reasons))


def _range(alike: Sequence[HourCoverage]) -> str:
    """Return successive hours as `2026-11-21T07`, `2026-11-21T07 to T10` or with both days."""
    first, last = alike[0].hour.key, alike[-1].hour.key
    if first == last:
        return first
    return f"{first} to {last[10:] if last[:10] == first[:10] else last}"


def _fitting(parts: Sequence[str], room: int) -> str:
    for kept in range(len(parts), 0, -1):
        more = f", and {len(parts) - kept} more" if kept < len(parts) else ""
        text = f": {', '.join(parts[:kept])}{more}"
        if cell_len(text) <= room:
            return text
    return ""


def table(coverage: Iterable[HourCoverage], width: int) -> Table:
    """Return one row per hour: the columns that fit `width`; successive hours that were not loaded share one."""
    columns = (
        "hour",
        "",
        "once %",
        "twice %",
        "repaired %",
        "open",
        "sales",
        "missed",
        "loss %",
        "quarantined",
        "seen by",
    )
    rows: list[tuple[str | Text, ...]] = []
    for loaded, group in groupby(coverage, lambda each: bool(each.row)):
        listed = list(group)
        rows += [_cells(each) for each in listed] if loaded else [(_range(listed), State.NOT_LOADED.marked)]
    grid = Table(header_style="bold", box=None, pad_edge=False)
    used = -2
    for place, name in enumerate(columns):
        cells = [row[place] for row in rows if len(row) > place]
        used += 2 + max(cell_len(str(cell)) for cell in (name, *cells))
        if used > width:
            break
        grid.add_column(name, justify="left" if name in ("hour", "", "seen by") else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*row[: len(grid.columns)])
    return grid


def _cells(each: HourCoverage) -> tuple[str | Text, ...]:
    shares = (shown(each.row.get(f"{name}_percent")) for name in ("covered", "covered_twice", "repaired"))
    loss = each.row.get("loss")
    return (
        each.hour.key, each.state.marked, *shares, length(each.amount("open_s")), shown(each.row.get("sales")),
        _rounded(each.amount("missed_estimate")) if each.row.get("missed_estimate") is not None else "",
        f"{100 * loss:.2f}" if isinstance(loss, Decimal) else "", shown(each.row.get("quarantined")),
        shown(each.row.get("seen_by")),
    )  # fmt: skip


def detail(each: HourCoverage) -> Table:
    """Return everything that is known of one hour, a line for each."""
    grid = Table(show_header=False, box=None, pad_edge=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("hour", Text.assemble(f"{each.hour} UTC  ", _named(each.state)))
    if not each.row:
        grid.add_row("next", f"tidemark load {each.hour}, or look at the run {each.hour} of load_sales in Airflow")
        return grid
    grid.add_row("open", f"{length(each.amount('open_s'))} that no collector covered and no repair filled")
    for name in _COUNTED:
        if each.row.get(name) not in (None, [], {}):
            grid.add_row(name.replace("_", " ").replace("percent", "%"), shown(each.row[name]))
    gaps = each.row.get("gaps")
    for collector, reasons in gaps.items() if isinstance(gaps, dict) else ():
        for reason, seconds in reasons.items():
            grid.add_row(f"gap of {printable(collector)}", f"{length(seconds)}, {printable(reason)}: {explain(reason)}")
    grid.add_row("missed by all", f"{_interval(each, 'missed', 'missed_estimate') or 'unknown'}; {_LOWER_BOUND}")
    if each.row.get("api_sales") is not None:
        share = shown(100 * each.amount("audited_share"))
        grid.add_row("audit", f"{share} % of the hour; the Events API knows {shown(each.row['api_sales'])} sales of it,"
                              f" {each.amount('api_unseen'):,} unseen although covered,"
                              f" {each.amount('api_unseen_uncovered'):,} in gaps")  # fmt: skip
        grid.add_row("stream loss, %", _interval(each, "loss", "loss", times=100))
    return grid


def _interval(each: HourCoverage, prefix: str, best: str, times: int = 1) -> str:
    if each.row.get(best) is None:
        return ""
    middle, low, high = (
        shown(round(times * each.amount(name), 3)) for name in (best, f"{prefix}_low", f"{prefix}_high")
    )
    return f"{middle} ({low} to {high})"


def length(seconds: float | Decimal) -> str:
    """Write a length of time in the unit a person would take: `12.5 s`, `3.2 min`, `1 h`; 0 is `0 s`."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{float(seconds) / size:.1f}".removesuffix(".0") + f" {unit}"
    return "<0.1 s" if 0 < seconds < Decimal("0.05") else f"{float(seconds):.1f}".removesuffix(".0") + " s"


def _hours(listed: Sequence[HourCoverage]) -> str:
    return f"{len(listed):,} hour{'' if len(listed) == 1 else 's'}"


def _rounded(number: Decimal | int) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def _named(state: State) -> Text:
    return Text.assemble(state.marked, f" {state.title}")
