"""The market as two collectors recorded it, with losses and gaps, against an oracle of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.loader.contents import query
from tests.loader.recording import HOUR, TOPIC, Recording
from tests.loader.test_hours import quiet, url_of
from tidemark.archive.manifest import Gap, Interval
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour, hours
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.simulator.market.market import Market
from tidemark.simulator.market.market_event import Redrawn
from tidemark.simulator.market.oracle import Oracle, known

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres

HOURS = list(hours(HOUR, HOUR.next().next()))
START, END = HOURS[0].start, HOURS[-1].end
MESSAGES = 5000
MINUTE = timedelta(minutes=1)
GAPS = {  # both miss minutes 80 to 83
    "collector-a": [(START + 20 * MINUTE, START + 27 * MINUTE), (START + 78 * MINUTE, START + 83 * MINUTE)],
    "collector-b": [(START + 80 * MINUTE, START + 95 * MINUTE)],
}
RUNS = [(START, START + 80 * MINUTE), (START + 83 * MINUTE, END)]
KNOWN_AFTER = 15 * MINUTE
Received = dict[tuple[str, Hour], list[tuple[datetime, bytes]]]


def recorded(seed: int) -> tuple[Oracle, list[Recording]]:
    """Let a market go on for three hours; return what the collectors received of it."""
    random = Random(seed)
    market = Market(seed, sales_share=0.02, again_share=0.0, old_share=0.2)
    oracle = Oracle()
    received: dict[tuple[str, Hour], list[tuple[datetime, bytes]]] = {
        (name, hour): [] for name in GAPS for hour in HOURS
    }
    for now in sorted(START + (END - START) * random.random() for _ in range(MESSAGES)):
        message = market.next(now)
        near = min(abs(now - hour.end) for hour in HOURS) < timedelta(seconds=3)  # so that no loss hides a late one
        for collector, gaps in GAPS.items():
            for _ in range(random.choice([1, 1, 1, 2])):
                at = now + timedelta(seconds=random.uniform(0.005, 2))
                lost = not near and random.random() < 0.05
                if lost or at >= END or any(start <= at < end for start, end in gaps):
                    continue
                received[collector, Hour.of(at)].append((at, message.body))
                if not isinstance(message.event, Redrawn):
                    oracle.receive(message.event, at)
    return oracle, [recording(collector, hour, found) for (collector, hour), found in received.items()]


def recording(collector: str, hour: Hour, found: list[tuple[datetime, bytes]]) -> Recording:
    lines = [record_line(format_timestamp(at), TOPIC, body) for at, body in sorted(found)]
    gaps = [
        Gap(TOPIC, max(start, hour.start), min(end, hour.end), "connection_lost")
        for start, end in GAPS[collector]
        if start < hour.end and end > hour.start
    ]
    edges = [hour.start, *(edge for gap in gaps for edge in (gap.start, gap.end)), hour.end]
    covered = [Interval(TOPIC, start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
    return Recording(collector, hour, [lines[:200], lines[200:]], covered, gaps)


@pytest.fixture
def keeping(settings: LoaderSettings) -> LoaderSettings:
    return settings.model_copy(update={"book_depth": 1000, "transfers": True})


COUNTS = ("listings", "item_bids", "collection_offers", "trait_offers", "cancels", "invalidations", "revalidations",
          "transfers", "mints", "burns")  # fmt: skip
CELLS = f"""
SELECT hour, chain, collection_slug, payment_token_address, {", ".join(COUNTS)}, listers, receivers,
    lowest_listing_raw, best_item_bid_raw, best_collection_offer_raw, best_trait_offer_raw
FROM mart.market_hourly
"""


def cells_of(oracle: Oracle) -> set[tuple[Any, ...]]:
    return {
        (*place, *(figures.counts[name] for name in COUNTS), len(figures.listers), len(figures.receivers),
         figures.lowest_listing, *map(figures.best, ("item_bids", "collection_offers", "trait_offers")))
        for place, figures in oracle.hourly().items()
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_every_cell_interval_and_holder_is_what_the_oracle_says(
    s3: "S3Client", keeping: LoaderSettings, fresh: Callable[[LoaderSettings], LoaderSettings], seed: int
) -> None:
    oracle, recordings = recorded(seed)
    for each in recordings:
        each.put(s3, keeping.bucket)
    right = cells_of(oracle)
    assert len({place[3] for place in right}) > 8
    random = Random(seed)
    for order in random.sample(list(permutations(HOURS)), 2):
        warehouse = fresh(keeping)
        for hour in (*order, random.choice(HOURS)):
            load_hour(hour, warehouse, force=True, say=quiet)
        assert set(query(url_of(warehouse), CELLS)) == right
        check_books(oracle, warehouse, random)
        check_holdings(oracle, warehouse)
        assert run_checks(warehouse.warehouse_url) == []


def check_books(oracle: Oracle, warehouse: LoaderSettings, random: Random) -> None:
    """Compare the open orders one by one, in the gap, before and after it."""
    instants = [START + (END - START) * random.random() for _ in range(12)]
    instants += [RUNS[0][1] + step for step in (-MINUTE, MINUTE, 5 * MINUTE)]
    opened = 0
    for slug in ("harbor-seals", "flotsam-editions", "monsoon-riders"):
        for at in instants:
            orders = oracle.open_orders(slug, at, RUNS)
            found = query(
                url_of(warehouse),
                "SELECT order_hash FROM mart.order_intervals(%s) WHERE from_at < %s AND to_at >= %s", slug, at, at,
            )  # fmt: skip
            assert sorted(each for (each,) in found) == sorted(order.order_hash for order in orders)
            check_best(orders, slug, at, warehouse)
            opened += len(orders)
    assert opened > 30


def check_best(orders: list[Any], slug: str, at: datetime, warehouse: LoaderSettings) -> None:
    """Compare floor and best offer in the chain's own coin, which is that of most listings here."""
    statement = "SELECT is_known, floor, listings, best_offer, offers FROM mart.book(%s, %s, %s, '1 hour', %s)"
    rows = query(url_of(warehouse), statement, slug, at - timedelta(hours=1), at, KNOWN_AFTER)
    if not rows:
        assert orders == []
        return
    [(is_known, floor, listings, offer, offers)] = rows
    assert is_known is known(at, RUNS, KNOWN_AFTER)
    coin = [order for order in orders if order.token.symbol != "USDC"]
    asks = [-(-order.price // order.quantity) for order in coin if order.listing]
    bids = [order.price // order.quantity for order in coin if not order.listing]
    if not is_known:
        assert (floor, listings, offer, offers) == (None, None, None, None)
        return
    unit = 10**18
    assert (floor and int(floor * unit), listings) == (min(asks, default=None), len(asks))
    assert (offer and int(offer * unit), offers) == (max(bids, default=None), len(bids))


def check_holdings(oracle: Oracle, warehouse: LoaderSettings) -> None:
    for slug in ("harbor-seals", "flotsam-editions"):
        rows = query(
            url_of(warehouse), "SELECT token_id, wallet, quantity::int FROM mart.holdings(%s, 'infinity')", slug
        )
        assert {(token, wallet): count for token, wallet, count in rows} == oracle.holdings(slug)
        assert rows
