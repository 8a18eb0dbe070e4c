"""What is one sale and what is two: through record lines and the loader, by two collectors, in every order, twice."""

import json
from collections.abc import Callable
from copy import deepcopy
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.loader.contents import contents, query
from tests.loader.recording import BUYER, HOUR, SELLER, Recording, fetched, sold
from tests.loader.test_hours import quiet, url_of
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres

Message = dict[str, Any]
FIXTURES = Path(__file__).parents[1] / "fixtures"
HOURS = [HOUR, HOUR.next(), HOUR.next().next()]
OTHER, THIRD = "0x" + "c3" * 20, "0x" + "d4" * 20
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
ETHER = 10**18


def case(name: str) -> list[Message]:
    """The messages of a file of the stream."""
    return json.loads((FIXTURES / "stream" / name).read_bytes())


def listed(events: list[Message]) -> list[Message]:
    """Events as the Events API lists them, in the envelope of a repair."""
    return [{**fetched(1), "payload": event} for event in events]


def again(message: Message, **changes: Any) -> Message:
    """A message that is broadcast once more, hours later: with another event time and another rate."""
    message = deepcopy(message)
    message["sent_at"] = "2026-11-22T17:00:01.000000Z"
    message["payload"] |= {"event_timestamp": "2026-11-22T17:00:00.000000Z", **changes}
    message["payload"]["payment_token"]["usd_price"] = "1.5"
    return message


def nameless(message: Message) -> Message:
    return {**message, "payload": {**message["payload"], "order_hash": ""}}


def bought(price: str, seller: str = SELLER, buyer: str = BUYER, **changes: Any) -> Message:
    """A sale of an edition in one transaction, as the stream reports it."""
    return sold(1, maker={"address": seller}, taker={"address": buyer}, sale_price=price, **changes)


def from_list(price: str, seller: str = SELLER, buyer: str = BUYER, **changes: Any) -> Message:
    """The same as the Events API lists it."""
    payment = {"quantity": price, "token_address": "0x" + "0" * 40, "decimals": 18, "symbol": "ETH"}
    return fetched(1, seller=seller, buyer=buyer, payment=payment, **changes)


# name: (what the stream sends to both collectors, what one list of the Events API has, the prices of the sales)
PART = {"quantity": 5}
CASES: dict[str, tuple[list[Message], list[Message], list[int]]] = {
    "a token is resold in its transaction, listed": (
        [],
        [from_list("1", order_hash=""), from_list("2", BUYER, OTHER, order_hash="")],
        [1, 2],
    ),
    "a token is resold in its transaction, streamed": (
        [nameless(bought("1")), nameless(bought("2", BUYER, OTHER))],
        [],
        [1, 2],
    ),
    "one order is filled twice": (case("order-filled-twice.2026.case.json"), [], [3 * ETHER // 10, 5 * ETHER // 10]),
    "one order is filled twice by two buyers": ([bought("1"), bought("1", SELLER, OTHER)], [], [1, 1]),
    "one order is filled twice alike, and listed": (
        [bought("1"), bought("1")],
        [from_list("1"), from_list("1")],
        [1, 1],
    ),
    # a message that came twice and two equal fills look the same: without a list it is claimed once
    "one message comes twice": ([bought("1"), bought("1")], [], [1]),
    "one message comes again": ([bought("1"), again(bought("1"))], [], [1]),
    "one message comes again without its order": (
        [bought("1"), again(nameless(bought("1")))],
        [],
        [1],
    ),
    "one message comes without its order": (case("twin-without-order-hash.2026.case.json"), [], [ETHER]),
    "the list has no order": ([bought("1")], [from_list("1", order_hash="")], [1]),
    "the stream has no order": ([nameless(bought("1"))], [from_list("1")], [1]),
    "neither has an order": ([nameless(bought("1"))], [from_list("1", order_hash="")], [1]),
    "two of a list are not swallowed by one of the stream": (
        [bought("1")],
        [from_list("1", order_hash=""), from_list("1", order_hash="")],
        [1, 1],
    ),
    "two of a list are two although the stream could be one": (
        [bought("1"), nameless(bought("1"))],
        [from_list("1"), from_list("1", order_hash="")],
        [1, 1],
    ),
    "two sellers of a list, one streamed": (
        [bought("1")],
        [from_list("1", order_hash=""), from_list("1", OTHER, order_hash="")],
        [1, 1],
    ),
    "an edition is swept from three sellers": (
        [nameless(bought("1", each)) for each in (SELLER, OTHER, THIRD)],
        [from_list("1", each, order_hash="") for each in (SELLER, OTHER, THIRD)],
        [1, 1, 1],
    ),
    "an edition is swept from one seller at two prices": (
        [nameless(bought("1")), nameless(bought("2"))],
        [],
        [1, 2],
    ),
    "a token goes there and back": (
        [nameless(bought("1", BUYER, SELLER))],
        [from_list("1", order_hash=""), from_list("1", BUYER, SELLER, order_hash="")],
        [1, 1],
    ),
    "a token goes there and back, streamed": (
        [nameless(bought("1")), nameless(bought("1", BUYER, SELLER))],
        [],
        [1, 1],
    ),
    "paid in two tokens": (
        [],
        [
            from_list("1", order_hash=""),
            fetched(1, order_hash="", payment={"quantity": "1", "token_address": WETH, "decimals": 18}),
        ],
        [1, 1],
    ),
    "two orders of one seller": ([bought("1"), bought("1", order_hash="0x2")], [], [1, 1]),
    "the buyer is missing once": ([bought("1"), bought("1") | {"payload": {**bought("1")["payload"], "taker": None}}],
                                  [from_list("1", order_hash="")], [1]),
    "the quantity is missing once": ([bought("1", **PART), bought("1", quantity=None)], [from_list("1", **PART)], [1]),
    "the price differs: a conflict": ([bought("1"), again(bought("2"))], [from_list("3")], [1]),
}  # fmt: skip


def of_case(number: int, message: Message) -> Message:
    """The message in a transaction of its case's own, so that all cases can be loaded at once."""
    payload = deepcopy(message["payload"])
    name = f"0x{number:064x}"
    payload["transaction"] = (
        name if isinstance(payload["transaction"], str) else payload["transaction"] | {"hash": name}
    )
    return {**message, "payload": payload}


def archived(s3: "S3Client", bucket: str) -> None:
    """Archive what both collectors and a repair received of all cases, each in another hour."""
    a, b = Recording("collector-a", HOURS[0]), Recording("collector-b", HOURS[1])
    repair = Recording("events-api-1", HOURS[2], topic="events-api")
    for number, (streamed, listing, _) in enumerate(CASES.values()):
        for place, message in enumerate(streamed):
            a.receive(of_case(number, message), 10 + place)
            b.receive(of_case(number, message), 5 + place)
        for message in listing:
            repair.receive(of_case(number, message), 60)
    for recording in (a, b, repair):
        recording.put(s3, bucket)


def sales(settings: LoaderSettings) -> dict[str, list[int]]:
    """The prices of each case's sales."""
    names, found = list(CASES), {name: [] for name in CASES}
    for transaction, price in query(
        url_of(settings), "SELECT transaction_hash, price_raw::text FROM core.sale ORDER BY price_raw"
    ):
        found[names[int(str(transaction), 16)]].append(int(str(price)))
    return found


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_each_sale_is_one_row_in_every_order(
    s3: "S3Client", settings: LoaderSettings, fresh: Callable[[LoaderSettings], LoaderSettings], order: tuple[int, ...]
) -> None:
    archived(s3, settings.bucket)
    for place in (*order, order[0]):
        load_hour(HOURS[place], settings, force=True, log=quiet)
    assert sales(settings) == {name: prices for name, (_, _, prices) in CASES.items()}
    assert run_checks(settings.warehouse_url) == []
    in_order = fresh(settings)
    for hour in HOURS:
        load_hour(hour, in_order, log=quiet)
    assert contents(url_of(settings)) == contents(url_of(in_order))


def test_a_list_keeps_two_sales_apart_while_another_hour_of_its_run_is_loaded(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    run = Recording("events-api-1", HOURS[0], topic="events-api")
    run.receive(from_list("1"), 60).receive(from_list("1", order_hash=""), 60).put(s3, settings.bucket)
    Recording("events-api-1", HOURS[1], topic="events-api").receive(fetched(2), 60).put(s3, settings.bucket)
    Recording("collector-a", HOURS[1]).receive(nameless(bought("1")), 1).put(s3, settings.bucket)
    for hour in HOURS[:2]:
        load_hour(hour, settings, log=quiet)
    kept = "SELECT source FROM core.sale WHERE token_id = '1' ORDER BY source"
    assert query(url_of(settings), kept) == [("events_api",), ("stream",)]


def test_two_collectors_of_one_hour_saw_the_sale_whatever_they_call_it(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    Recording("collector-a").receive(bought("1"), 1).put(s3, settings.bucket)
    Recording("collector-b").receive(nameless(bought("1")), 2).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    seen = query(url_of(settings), "SELECT sales, seen_by FROM mart.hour_quality")
    assert seen == [(1, {"collector-a+collector-b": 1})]
    other = query(url_of(settings), "SELECT sale.order_hash, other.order_hash FROM core.sale "
                  "JOIN core.sale_superseded AS other ON same_as = sale.sale_uid")  # fmt: skip
    assert other == [(bought("1")["payload"]["order_hash"], None)]


def test_a_sale_beside_one_that_is_superseded_is_in_the_roll_ups(s3: "S3Client", settings: LoaderSettings) -> None:
    Recording().receive(bought("1"), 1).receive(nameless(bought("1")), 2).receive(sold(2), 3).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    rolled_up = "SELECT collection_slug, sales::int FROM mart.collection_hourly ORDER BY 1"
    assert query(url_of(settings), rolled_up) == [("collection-1", 1), ("collection-2", 1)]


@pytest.mark.parametrize("order_hash", ["0x1", ""])
@pytest.mark.parametrize("change", [{"sale_price": "7"}, {"quantity": 3}, {"payment_token": None}])
def test_an_observation_that_is_read_otherwise_is_a_change_without_force(
    s3: "S3Client", settings: LoaderSettings, order_hash: str, change: Message
) -> None:
    before = bought("5", order_hash=order_hash)
    Recording().receive(before, 1).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    after = {**before, "payload": {**before["payload"], **change}}
    Recording().receive(after, 1).put(s3, settings.bucket)
    report = load_hour(HOUR, settings, log=quiet)
    assert report.inserted + report.replaced == 1
    rows = query(url_of(settings), "SELECT price_raw::text, quantity::text, payment_token_symbol FROM core.sale")
    payload = after["payload"]
    symbol = payload["payment_token"] and payload["payment_token"]["symbol"]
    assert rows == [(payload["sale_price"], str(payload["quantity"]), symbol)]
    assert query(url_of(settings), "SELECT * FROM ops.sale_conflict") == []
    assert load_hour(HOUR, settings, log=quiet).unchanged


def test_conflicts_are_in_the_summary(s3: "S3Client", settings: LoaderSettings) -> None:
    said: list[str] = []
    Recording().receive(bought("1"), 1).receive(bought("2"), 2).receive(bought("1"), 3).put(s3, settings.bucket)
    report = load_hour(HOUR, settings, log=said.append)
    assert (report.inserted, report.duplicates, report.conflicting) == (1, 2, 1)
    assert "2 known already, 1 of them with other values: see ops.sale_difference" in said[-1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_observation_without_the_time_of_sending_comes_after_one_with_it(
    s3: "S3Client", settings: LoaderSettings, order: tuple[int, int]
) -> None:
    Recording(hour=HOURS[0]).receive(bought("1") | {"sent_at": ""}, 1).put(s3, settings.bucket)
    Recording(hour=HOURS[1]).receive(again(bought("1")), 2).put(s3, settings.bucket)
    for place in order:
        load_hour(HOURS[place], settings, log=quiet)
    assert query(url_of(settings), "SELECT source_hour FROM core.sale") == [(HOURS[1].start,)]


def test_two_tokens_of_one_transaction_are_two_sales_whatever_is_missing(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    other = bought("1", item={"nft_id": f"ethereum/0x{1:040x}/77"})
    listing = from_list("1", order_hash="")
    Recording().receive(bought("1"), 1).receive(nameless(other), 2).put(s3, settings.bucket)
    Recording("events-api-1", topic="events-api").receive(listing, 60).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    rows = query(url_of(settings), "SELECT token_id, source FROM core.sale ORDER BY 1")
    assert rows == [("1", "stream"), ("77", "stream")]
