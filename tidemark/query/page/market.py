"""The market at a glance: totals, sales and volume over time, the top collections and the latest sales."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from markupsafe import Markup

from tidemark.query.answer import shown
from tidemark.query.coverage import HourCoverage, State
from tidemark.query.page.charts import bars, lines
from tidemark.query.page.postgres import Row

_MOST_HOURS = 14 * 24  # above it a bar is a day
_ETH_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Market:
    """What was sold in a range of hours, written for a person."""

    since: str
    until: str
    totals: dict[str, str]
    charts: list[Markup]
    top: list[dict[str, str]]
    latest: list[dict[str, str]]
    is_known: bool  # whether any of it was recorded; otherwise no sales mean nothing


def market_of(coverage: Sequence[HourCoverage], rows: Mapping[str, Sequence[Row]]) -> Market:
    """Return the market of the hours in `coverage`; of an hour not loaded or wholly a gap nothing is known, not 0."""
    by_hour = rows["sales_by_hour"]
    known = bool(by_hour) or _is_known(coverage)
    daily = len(coverage) > _MOST_HOURS
    sales, volume, dollars = (
        _total(row[name] for row in by_hour) if known else None for name in ("sales", "volume_eth", "volume_usd")
    )
    buckets = list(_buckets(coverage, by_hour, daily=daily))
    labels = [label for label, _, _ in buckets]
    marked = [label for label in labels if daily or label.endswith(" 00:00")]
    unit = "day" if daily else "hour"
    return Market(
        f"{coverage[0].hour.start:%Y-%m-%d %H:%M}" if coverage else "",
        f"{coverage[-1].hour.end:%Y-%m-%d %H:%M}" if coverage else "",
        {
            "Sales": shown(sales) or "unknown",
            "Volume, ETH": amount(volume, _ETH_DIGITS),
            "Volume, US dollars": amount(dollars, 0),
            "Collections": shown(rows["top_collections"][0]["collections"] if rows["top_collections"] else 0)
            if known
            else "unknown",
        },
        [
            bars(f"Volume by {unit}, ETH", labels, marked, [volume for _, volume, _ in buckets]),
            bars(f"Sales by {unit}", labels, marked, [count for _, _, count in buckets]),
        ]
        if by_hour
        else [],
        _top(rows["top_collections"]),
        [_sale(row) for row in rows["latest_sales"]],
        known,
    )


@dataclass(frozen=True, slots=True)
class Book:
    """The listed floor and the best offer of one collection on one chain, over time and now."""

    chain: str
    totals: dict[str, str]
    chart: Markup | None


def book_of(rows: Sequence[Row]) -> list[Book]:
    """Return the book of each chain, from the rows of `spread`; a moment at which it is not known is unknown, not 0."""
    chains = sorted({str(row["chain"]) for row in rows})
    return [_book(chain, [row for row in rows if row["chain"] == chain]) for chain in chains]


def _book(chain: str, rows: Sequence[Row]) -> Book:
    labels = [f"{row['at']:%m-%d %H:00}" for row in rows]
    curves = {
        "floor": [_known(row["floor"]) for row in rows],
        "best offer": [_known(row["best_offer"]) for row in rows],
    }
    newest, token = rows[-1], shown(rows[-1]["token"])
    totals = {
        f"{name}{', ' + token if token else ''}": amount(newest[column], _ETH_DIGITS)
        for name, column in (("Listed floor", "floor"), ("Best offer", "best_offer"), ("Spread", "spread"))
    }
    marked = [label for label in labels if label.endswith(" 00:00")]
    known = any(value is not None for curve in curves.values() for value in curve)
    title = f"Floor and best offer on {shown(chain)}"
    return Book(shown(chain), totals, lines(title, labels, marked, curves) if known else None)


def _known(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _total(values: Iterable[object]) -> Decimal | None:
    """Return the sum of the values that are known: None where none of them is, 0 where there are none."""
    listed = list(values)
    known = [Decimal(str(value)) for value in listed if value is not None]
    return sum(known, start=Decimal(0)) if known or not listed else None


def _buckets(
    coverage: Sequence[HourCoverage], rows: Sequence[Row], *, daily: bool
) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    """Yield label, volume and sales of each hour or day; None where nothing of it was recorded."""
    named = {row["hour"]: row for row in rows}
    pattern = "%m-%d" if daily else "%m-%d %H:00"
    for label, group in groupby(coverage, lambda each: f"{each.hour.start:{pattern}}"):
        hours = list(group)
        sold = [named[each.hour.start] for each in hours if each.hour.start in named]
        if not sold and not _is_known(hours):
            yield label, None, None
            continue
        yield label, _total(row["volume_eth"] for row in sold), _total(row["sales"] for row in sold)


def _is_known(hours: Iterable[HourCoverage]) -> bool:
    """Say whether some moment of the hours was covered or repaired."""
    return any(each.state not in (State.NOT_LOADED, State.GAP) for each in hours)


def _top(rows: Sequence[Row]) -> list[dict[str, str]]:
    most = max((row["volume_eth"] for row in rows if isinstance(row["volume_eth"], Decimal)), default=Decimal(0))
    return [
        {
            "collection": shown(row["collection"]) or "(none)",
            "chain": shown(row["chain"]),
            "sales": shown(row["sales"]),
            "volume": amount(row["volume_eth"], _ETH_DIGITS),
            "lowest": amount(row["low_eth"], _ETH_DIGITS),
            "share": f"{row['volume_eth'] / most * 100:.1f}"
            if most and isinstance(row["volume_eth"], Decimal)
            else "0",
        }
        for row in rows
    ]


def _sale(row: Row) -> dict[str, str]:
    sold_at = row["sold_at"]
    return {
        "at": f"{sold_at:%m-%d %H:%M:%S}" if isinstance(sold_at, datetime) else "",
        "collection": shown(row["collection"]) or "(none)",
        "chain": shown(row["chain"]),
        "nft": shown(row["nft"]),
        "price": f"{shown(row['price'])} {shown(row['token'])}" if row["price"] is not None else "unknown",
        "dollars": amount(row["price_usd"], 2),
        "suspect": "suspected wash trade" if row["is_suspect"] else "",
    }


def amount(value: object, digits: int) -> str:
    """Write an amount with `digits` decimals; a small one with three significant digits."""
    if not isinstance(value, Decimal):
        return "unknown"
    if value and abs(value) < Decimal(10) ** -digits:
        return f"{value:.3g}"
    return f"{value:,.{digits}f}"
