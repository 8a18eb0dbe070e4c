"""The market as two collectors recorded it, with losses and gaps, against an oracle of its own."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.loader.contents import query
from tests.loader.recording import HOUR, TOPIC, Recording, sold
from tests.loader.test_hours import quiet, url_of
from tests.support.orders import in_drawn_orders
from tidemark.archive.manifest import Gap, Interval
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour, hours
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.transform.order import OFFER_TOKENS
from tidemark.simulator.market import chains
from tidemark.simulator.market.actors import Actors
from tidemark.simulator.market.chains import ZERO_ADDRESS, Chain
from tidemark.simulator.market.market import Market
from tidemark.simulator.market.market_event import Redrawn, Sold
from tidemark.simulator.market.oracle import OpenInterval, Oracle, known

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
SLUGS = [collection.slug for collection in Actors(Random(0)).collections]
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
        event = message.event
        if isinstance(event, Sold) and "quantity" not in json.loads(message.body)["payload"]:
            event = replace(event, quantity=0)
        near = min(abs(now - hour.end) for hour in HOURS) < timedelta(
            seconds=3
        )  # so that neither a loss nor a second copy hides a late one
        for collector, gaps in GAPS.items():
            for _ in range(1 if near else random.choice([1, 1, 1, 2])):
                at = now + timedelta(seconds=random.uniform(0.005, 2))
                lost = not near and random.random() < 0.05
                if lost or at >= END or any(start <= at < end for start, end in gaps):
                    continue
                received[collector, Hour.of(at)].append((at, message.body))
                if not isinstance(event, Redrawn):
                    oracle.receive(event, at)
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
SELECT hour, chain, collection_slug, payment_token_address, payment_token_symbol, payment_token_decimals,
    {", ".join(COUNTS)}, listers, receivers, lowest_listing_raw, best_item_bid_raw, best_collection_offer_raw,
    best_trait_offer_raw
FROM mart.market_hourly
"""
INTERVALS = """
SELECT kind, chain, order_hash, contract_address, token_id, maker, quantity::int, unit_price_raw, payment_token_address,
    payment_token_symbol, payment_token_decimals, coin, placed_at, from_at, to_at, ended_by, outcome,
    possible_to
FROM mart.order_intervals(%s, %s, %s)
"""
TRANSFERS = """
SELECT chain, collection_slug, contract_address, token_id, kind, sender, recipient, quantity::int,
    transaction_hash, transferred_at
FROM mart.transfers
"""
BOOK = """
SELECT at, chain, coin, payment_token_symbol, is_floor_known, floor, listings, listed_items, listings_complete_to,
    is_offer_known, best_offer, offers, offered_items::int, offers_complete_to
FROM mart.book(%s, %s, %s, %s, %s)
"""
STEP = 7 * MINUTE
TOKENS = {
    (chain.api_name, token.address): (token.symbol, token.decimals)
    for chain in vars(chains).values()
    if isinstance(chain, Chain)
    for token in (chain.native, chain.wrapped, chain.usdc)
    if token
}


def cells_of(oracle: Oracle) -> set[tuple[Any, ...]]:
    return {
        (*place, *TOKENS.get((place[1], place[3] or ""), (None, None)), *(figures.counts[name] for name in COUNTS),
         len(figures.listers), len(figures.receivers),
         figures.lowest_listing, *map(figures.best, ("item_bids", "collection_offers", "trait_offers")))
        for place, figures in oracle.hourly().items()
    }  # fmt: skip


@in_drawn_orders(1)
def test_every_cell_interval_and_holder_is_what_the_oracle_says(
    s3: "S3Client", keeping: LoaderSettings, fresh: Callable[[LoaderSettings], LoaderSettings], seed: int
) -> None:
    oracle, recordings = recorded(seed)
    for each in recordings:
        each.put(s3, keeping.bucket)
    right = cells_of(oracle)
    assert len({place[3] for place in right}) > 8
    random = Random(seed)
    for order, depth in zip(random.sample(list(permutations(HOURS)), 2), (1000, 2), strict=True):
        warehouse = fresh(keeping.model_copy(update={"book_depth": depth}))
        for hour in (*order, random.choice(HOURS)):
            load_hour(hour, warehouse, force=True, log=quiet)
        assert set(query(url_of(warehouse), CELLS)) == right
        check_book = check_whole_book if depth > 2 else check_what_a_short_book_knows
        check_book(oracle, warehouse)
        check_moves(oracle, warehouse)
        assert run_checks(warehouse.warehouse_url) == []


def check_whole_book(oracle: Oracle, warehouse: LoaderSettings) -> None:
    """Compare every interval, and every figure of the book at instants before, in and after the gap."""
    reasons = Counter[str]()
    for slug in SLUGS:
        intervals = oracle.intervals(slug, RUNS)
        reasons.update(each.ended_by for each in intervals)
        found = query(url_of(warehouse), INTERVALS, slug, START, END)
        assert sorted(found, key=str) == sorted(map(interval_of, intervals), key=str)
        assert query(url_of(warehouse), BOOK, slug, START, END, STEP, KNOWN_AFTER) == list(book_of(intervals))
    assert set(reasons) == {"sold", "partly sold", "cancelled", "invalidated", "expired", "unknown"}


def interval_of(interval: OpenInterval) -> tuple[Any, ...]:
    order, token, collection = interval.order, interval.order.token, interval.order.collection
    return (
        "listing" if order.listing else "collection_offer", collection.chain.api_name, order.order_hash,
        collection.contract if order.listing else None, order.token_id, order.maker, interval.left, interval.unit_price,
        token.address, token.symbol, token.decimals, interval.coin, interval.placed_at, interval.start, interval.end,
        interval.ended_by, interval.outcome, interval.possible_to,
    )  # fmt: skip


def book_of(intervals: list[OpenInterval]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of BOOK."""
    ever = [each for each in intervals if each.end > START]
    if not ever:
        return
    counts = Counter((each.order.listing, each.coin) for each in ever)
    coin = min({each.coin for each in ever}, key=lambda coin: (-counts[True, coin], -counts[False, coin], coin))
    chain, tokens = ever[0].order.collection.chain, [each.order.token for each in ever if each.coin == coin]
    token = max(tokens, key=lambda token: token.address == coin)  # the wrapped form where only offers were made
    symbol, decimals = token.symbol, token.decimals
    for at in (START + STEP * number for number in range(1, (END - START) // STEP + 1)):
        row: tuple[Any, ...] = at, chain.api_name, coin, symbol
        if not known(at, RUNS, KNOWN_AFTER):
            yield (*row, False, None, None, None, None, False, None, None, None, None)
            continue
        now = [each for each in ever if each.coin == coin and each.start < at <= each.end]
        asked, bid = ([each for each in now if each.order.listing is is_listing] for is_listing in (True, False))
        possible = [
            each for each in intervals
            if each.coin == coin and each.possible_to and each.end < at <= each.possible_to
        ]  # fmt: skip
        yield (
            *row,
            *side([each.unit_price for each in asked],
                  [each.unit_price for each in possible if each.order.listing], min, decimals,
                  len(asked), len({each.order.token_id for each in asked})),
            *side([each.unit_price for each in bid],
                  [each.unit_price for each in possible if not each.order.listing], max, decimals,
                  len(bid), sum(each.left for each in bid)),
        )  # fmt: skip


def side(
    prices: list[int], possible: list[int], best: Callable[[list[int]], int], decimals: int, *counts: int
) -> tuple[Any, ...]:
    """Return one side of the book: whether its best price is known, the price, the counts, and where they end."""
    if not possible:
        return True, Decimal(best(prices)).scaleb(-decimals) if prices else None, *counts, None
    end = best(possible)
    is_known = bool(prices) and best([*prices, end]) == best(prices)
    return (
        is_known, Decimal(best(prices)).scaleb(-decimals) if is_known else None, *(None for _ in counts),
        Decimal(end).scaleb(-decimals),
    )  # fmt: skip


def check_what_a_short_book_knows(oracle: Oracle, warehouse: LoaderSettings) -> None:
    """Compare what a book of the best two orders of each hour claims to know, and that it knows some and not all."""
    claimed, unknown = 0, 0
    for slug in SLUGS:
        right = {row[0]: row for row in book_of(oracle.intervals(slug, RUNS))}
        for row in query(url_of(warehouse), BOOK, slug, START, END, STEP, KNOWN_AFTER):
            whole = right[row[0]]
            if row[2] == whole[2]:  # the payment token of most listings, of those that were kept
                for place in (5, 6, 7, 10, 11, 12):
                    claimed += row[place] is not None
                    unknown += row[place] is None and whole[place] is not None
                    assert row[place] in (None, whole[place])
                assert not (row[4] and row[5] != whole[5])
                assert not (row[9] and row[10] != whole[10])
    assert claimed > 100
    assert unknown > 100


def check_moves(oracle: Oracle, warehouse: LoaderSettings) -> None:
    """Compare every transfer, and what each wallet holds by them and since when."""
    moves = [
        (move.collection.chain.api_name, move.collection.slug, move.collection.contract, move.token_id,
         "mint" if move.source == ZERO_ADDRESS else "burn" if move.target == ZERO_ADDRESS else "transfer",
         move.source, move.target, move.quantity, move.transaction, move.at)
        for move in oracle.moves()
    ]  # fmt: skip
    assert sorted(query(url_of(warehouse), TRANSFERS)) == sorted(moves)
    held = "SELECT token_id, wallet, quantity::int, since FROM mart.holdings(%s, 'infinity')"
    for slug in SLUGS:
        rows = query(url_of(warehouse), held, slug)
        assert {(token, wallet): (count, since) for token, wallet, count, since in rows} == oracle.holdings(slug)


def listing(number: int, price: str, at: float) -> dict[str, Any]:
    """A listing of the hour, `at` seconds after its start, sent half a second later."""
    moment = HOUR.start + timedelta(seconds=at)
    payload = sold(number)["payload"] | {
        "base_price": price, "collection": {"slug": "cats"}, "event_timestamp": format_timestamp(moment),
        "expiration_date": "2026-12-24T00:00:00Z", "taker": None,
    }  # fmt: skip
    sent = format_timestamp(moment + timedelta(seconds=0.5))
    return {"event_type": "item_listed", "version": 1, "sent_at": sent, "payload": payload}


def cancel(number: int, at: float) -> dict[str, Any]:
    return listing(number, "1", at) | {"event_type": "item_cancelled"}


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize(("end", "hour"), [(3600, 0), (3000, 1)])
def test_a_message_that_was_received_on_both_sides_of_the_hours_boundary_counts_once(
    s3: "S3Client", settings: LoaderSettings, order: int, end: int, hour: int
) -> None:
    # b receives it late; whether a received it before depends on what a covered
    until, last = HOUR.start + timedelta(seconds=end), listing(1, "5", 3599)
    early = Recording("collector-a", covered=[Interval(TOPIC, HOUR.start, until)])
    if end == 3600:
        early.receive(last, 3599.9)
    early.put(s3, settings.bucket)
    if end == 3600:
        Recording("collector-a", HOUR.next()).receive(cancel(9, 3700), 100).put(s3, settings.bucket)
    Recording("collector-b").receive(cancel(8, 10), 10).put(s3, settings.bucket)
    Recording("collector-b", HOUR.next()).receive(last, 0.4).put(s3, settings.bucket)
    for each in [HOUR, HOUR.next()][:: -1 if order else 1]:
        load_hour(each, settings, log=quiet)
    found = query(url_of(settings), "SELECT hour FROM mart.market_hourly WHERE listings > 0")
    assert found == [(HOURS[hour].start,)]
    assert run_checks(settings.warehouse_url) == []


def test_a_floor_is_unknown_where_an_order_that_was_left_out_could_be_the_lowest(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    recording = Recording()
    for number, price in enumerate(["300", "100", "200", "400"]):
        recording.receive(listing(number, f"{price}{'0' * 16}", 10), 10)
    recording.receive(cancel(1, 1800), 1800).receive(cancel(2, 2700), 2700).put(s3, settings.bucket)
    load_hour(HOUR, settings.model_copy(update={"book_depth": 2}), log=quiet)
    statement = (
        "SELECT is_floor_known, floor, listings, listings_complete_to FROM mart.book('cats', %s, %s, '15 minutes', '0')"
    )
    assert query(url_of(settings), statement, HOUR.start, HOUR.end) == [
        (True, 1, None, 3), (True, 1, None, 3), (True, 2, None, 3), (False, None, None, 3),
    ]  # fmt: skip


def test_a_floor_is_unknown_while_a_sale_did_not_say_how_many_units_of_the_lowest_it_left(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    lowest, one_sold, end = (
        listing(1000, f"300{'0' * 16}", 10),
        sold(1000, collection={"slug": "cats"}),
        cancel(1000, 2000),
    )
    for message in (lowest, end):
        message["payload"]["quantity"] = 3
    del one_sold["payload"]["quantity"]
    recording = Recording().receive(lowest, 11).receive(listing(2, f"200{'0' * 16}", 10), 11)
    recording.receive(one_sold, 1001).receive(end, 2001).put(s3, settings.bucket)
    load_hour(HOUR, settings.model_copy(update={"book_depth": 1000}), log=quiet)
    statement = (
        "SELECT is_floor_known, floor, listings, listings_complete_to FROM mart.book('cats', %s, %s, '15 minutes', '0')"
    )
    assert query(url_of(settings), statement, HOUR.start, HOUR.end) == [
        (True, 1, 2, None), (False, None, None, 1), (True, 2, 1, None), (True, 2, 1, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "floors"),
    [
        ({}, [100, None, 200, 200]),  # an invalidation ends the order that may be the lowest
        ({"maker": {"address": f"0x{7:040x}"}}, [100, 100, 200, 200]),  # sold by another wallet
        ({"item": {"nft_id": f"ethereum/0x{6:040x}/1001"}}, [100, 100, 200, 200]),  # another token
        ({"taker": None}, [100, None, 200, 200]),  # who bought is unknown
        ({"order_hash": f"0x{1_001_000:064x}"}, [100, 200, 200, 200]),  # it names the order
        ({"order_hash": f"0x{1_001_000:064x}", "collection": None}, [100, 200, 200, 200]),  # and no collection
        ({"collection": None}, [100, None, 200, 200]),  # neither
    ],
)
def test_a_sale_without_an_order_leaves_unknown_whether_an_order_of_its_parties_is_open(
    s3: "S3Client", settings: LoaderSettings, changes: dict[str, Any], floors: list[int | None]
) -> None:
    lowest, invalid = listing(1000, "100", 10), listing(1000, "1", 2650) | {"event_type": "order_invalidate"}
    invalid["payload"]["protocol_address"] = f"0x{9:040x}"
    one_sold = sold(1000, collection={"slug": "cats"}, order_hash=None)
    one_sold["payload"] |= changes
    recording = Recording().receive(lowest, 11).receive(listing(2, "200", 10), 11)
    recording.receive(one_sold, 1001).receive(invalid, 2651).put(s3, settings.bucket)
    load_hour(HOUR, settings.model_copy(update={"book_depth": 1000}), log=quiet)
    statement = "SELECT (floor * 1e18)::int FROM mart.book('cats', %s, %s, '15 minutes', '0')"
    assert query(url_of(settings), statement, HOUR.start, HOUR.end) == [(floor,) for floor in floors]


def test_a_load_without_a_collector_knows_nothing_of_the_market(s3: "S3Client", settings: LoaderSettings) -> None:
    rows = "SELECT listings, lowest_listing_raw::int FROM mart.market_hourly"
    for collector, number in (("collector-a", 1), ("collector-b", 2)):
        Recording(collector).receive(listing(number, str(number), 10), 10).put(s3, settings.bucket)
    for collectors, right in ((["collector-a"], [(1, 1)]), (None, [(2, 1)]), (["collector-b"], []), (None, [(2, 1)])):
        load_hour(HOUR, settings, collectors=collectors, log=quiet)
        assert query(url_of(settings), rows) == right
        assert run_checks(settings.warehouse_url) == []


def test_single_orders_and_transfers_are_kept_of_named_collections(settings: LoaderSettings) -> None:
    named = settings.model_copy(update={"collections": ("cats",)})
    assert (settings.orders_kept, settings.transfers_kept) == (0, False)
    assert (named.orders_kept, named.transfers_kept) == (100, True)
    asked = settings.model_copy(update={"book_depth": 7, "transfers": True})
    assert (asked.orders_kept, asked.transfers_kept) == (7, True)


def test_the_tokens_of_offers_are_those_by_which_cancels_are_told_apart(warehouse_url: str) -> None:
    assert dict(query(warehouse_url, "SELECT chain, address FROM core.offer_token")) == OFFER_TOKENS
