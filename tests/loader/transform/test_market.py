"""Every event of the market is in one part with one key, the same whichever form its message has."""
# ruff: noqa: E501  (tables are read whole)

import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.loader.transform.messages import GONE, changed, line_of, places, put, sample, samples, values
from tidemark.archive.record import read_record, record_line
from tidemark.loader.transform.market import Kind, Market, Part, key_of, wallet_key
from tidemark.loader.transform.order import NATIVE
from tidemark.loader.transform.read import scan

START = datetime(2026, 11, 22, 15, tzinfo=UTC)
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
BID = json.loads(bytes(read_record(sample("item_received_bid.2024.message.json")).message))
HASH = BID["payload"]["order_hash"]


def market_of(*lines: bytes, orders: bool = True, transfers: bool = True) -> Market:
    market = Market(START, orders=orders, transfers=transfers)
    for line in lines:
        scan([line], 1, market)
    return market


def parts_of(*lines: bytes) -> list[Part]:
    return list(market_of(*lines).parts())


def message(event_type: str, **changes: object) -> dict[str, Any]:
    """The real bid as another event, with fields of its payload changed."""
    payload = changed(BID["payload"] | {"event_timestamp": "2026-11-22T15:04:04.000000Z"}, changes)
    return {"event_type": event_type, "sent_at": "2026-11-22T15:04:04.500000Z", "payload": payload}


def listing(**changes: object) -> dict[str, Any]:
    token = {"address": NATIVE, "decimals": 18, "symbol": "ETH"}
    fields = {
        "listing_type": None,
        "is_private": False,
        "payment_token": token,
        "expiration_date": "2026-12-01T00:00:00Z",
    }
    return message("item_listed", **(fields | changes))


def moved(**changes: object) -> dict[str, Any]:
    fields: dict[str, object] = {
        "from_account": {"address": NATIVE}, "to_account": {"address": "0x" + "b2" * 20},
        "transaction": {"hash": "0x" + "c3" * 32, "timestamp": "1"},
    }  # fmt: skip
    return message("item_transferred", **(fields | changes))


def test_a_real_bid() -> None:
    [part] = parts_of(line_of(BID))
    assert part == Part(
        Kind.ITEM_BID, "ethereum", "pudgypenguins", WETH, "WETH", 18, True, 18 * 10**18, HASH[-16:], ""
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [("collection_offer.2022.message.json", "collection_offer"), ("trait_offer.2023.object-frame.json", "trait_offer")],
)
def test_offers_of_every_year(name: str, kind: str) -> None:
    [part] = parts_of(sample(name))
    assert (part.kind, part.price_raw is not None, len(part.keys)) == (kind, True, 16)


def test_a_partly_elided_transfer_is_not_counted() -> None:
    assert parts_of(sample("item_transferred.2024.message-partly-elided.json")) == []


def test_the_messages_of_2026() -> None:
    kinds = [part.kind for part in parts_of(*samples("array-frames.2026.trimmed.jsonl"))]
    assert set(kinds) <= {Kind.ITEM_BID, Kind.CANCEL, Kind.INVALIDATION}


@pytest.mark.parametrize(
    ("quantity", "asked", "bid"), [(1, 10, 10), (3, 4, 3), ("5", 2, 2), (None, None, None), (0, None, None)]
)
def test_a_price_is_that_of_one_rounded_to_what_can_be_paid(
    quantity: object, asked: int | None, bid: int | None
) -> None:
    assert [part.price_raw for part in parts_of(line_of(listing(base_price="10", quantity=quantity)))] == [asked]
    assert [
        part.price_raw for part in parts_of(line_of(message("trait_offer", base_price="10", quantity=quantity)))
    ] == [bid]


@pytest.mark.parametrize(
    "changes",
    [{"is_private": True}, {"taker": {"address": "0xb"}}, {"listing_type": "dutch"}, {"listing_type": "english"}],
)
def test_a_listing_that_nobody_can_buy_at_its_price_is_counted_without_it(changes: dict[str, object]) -> None:
    market = market_of(line_of(listing(**changes)))
    assert [(part.kind, part.price_raw) for part in market.parts()] == [(Kind.LISTING, None)]
    assert market.orders == []


def test_the_best_price_is_the_highest_bid_and_the_lowest_listing_whatever_their_order() -> None:
    prices = ["9", "100", "20", "007", "nonsense", ""]
    for some in (prices, prices[::-1]):
        [bid] = parts_of(*(line_of(message("item_received_bid", base_price=price)) for price in some))
        [offer] = parts_of(*(line_of(message("collection_offer", base_price=price)) for price in some))
        [ask] = parts_of(*(line_of(listing(base_price=price)) for price in some))
        assert (bid.price_raw, offer.price_raw, ask.price_raw) == (100, 100, 7)


def test_one_event_has_one_key_in_every_form() -> None:
    forms = [
        message("item_cancelled"),
        message("item_cancelled", order_hash=HASH.upper().replace("X", "x")),
        message("item_cancelled", chain={"name": "ethereum"}),
        message("item_cancelled", chain=GONE),  # the item's name begins with it
        message("item_cancelled", chain="Ethereum", payment_token={"address": WETH.upper().replace("X", "x")}),
        message("item_cancelled", quantity={"an": "object"}, protocol_data=5),
    ]
    [part] = parts_of(*(line_of(form) for form in forms for _ in range(2)))
    assert part.keys.split() == [HASH[-16:]] * 12


@pytest.mark.parametrize("order_hash", [None, "", "short", "not hexadecimal but long", "0x" + "é" * 64])
def test_an_order_without_a_usual_hash_has_a_key_as_well(order_hash: str | None) -> None:
    for event_type in ("item_received_bid", "item_cancelled", "trait_offer", "order_invalidate"):
        both = [line_of(message(event_type, order_hash=order_hash)) for _ in range(3)]
        other = line_of(
            message(event_type, order_hash=order_hash, base_price="1", event_timestamp="2026-11-22T15:00:00Z")
        )
        [part] = parts_of(*both)
        assert len({*part.keys.split()}) == 1
        assert all(len(key) == 16 for key in part.keys.split())
        assert parts_of(other)[0].keys != part.keys.split()[0] or order_hash


def test_the_time_tells_invalidations_of_one_order_apart() -> None:
    times = ["2026-11-22T15:00:00Z", "2026-11-22T15:00:01Z"]
    [part] = parts_of(*(line_of(message("order_invalidate", event_timestamp=time)) for time in (*times, times[0])))
    first, second, again = part.keys.split()
    assert first == again != second


@pytest.mark.parametrize(
    ("sender", "recipient", "kind", "wallets"),
    [
        (NATIVE, "0x" + "b2" * 20, Kind.MINT, "b2" * 8),
        ("0x" + "a1" * 20, "0x" + "b2" * 20, Kind.TRANSFER, "b2" * 8),
        ("0x" + "a1" * 20, NATIVE, Kind.BURN, ""),
        ("0x" + "a1" * 20, "0x000000000000000000000000000000000000dEaD", Kind.BURN, ""),
        (None, None, Kind.TRANSFER, "-"),
    ],
)
def test_what_a_transfer_is(sender: str | None, recipient: str | None, kind: Kind, wallets: str) -> None:
    market = market_of(line_of(moved(from_account={"address": sender}, to_account={"address": recipient})))
    [part] = market.parts()
    assert (part.kind, part.wallets, part.payment_token_address) == (kind, wallets, None)
    [transfer] = market.transfers
    assert (transfer.kind, transfer.token_id, transfer.quantity) == (kind, "3246", 1)


def test_both_accounts_the_token_and_the_quantity_tell_transfers_of_a_transaction_apart() -> None:
    forms = [
        moved(),
        moved(quantity=2),
        moved(to_account={"address": "0xd"}),
        moved(item={"nft_id": "ethereum/0xbd/9"}),
    ]
    [part] = parts_of(*(line_of(form) for form in (*forms, *forms)))
    keys = part.keys.split()
    assert keys[:4] == keys[4:]
    assert len({*keys}) == 4


def test_a_message_that_was_sent_before_the_hour_is_a_part_of_its_own() -> None:
    sent = [START - timedelta(seconds=1), START, START - timedelta(seconds=2)]
    lines = [
        record_line("2026-11-22T15:00:01.000000Z", "collection:*", json.dumps(message("item_received_bid") | {"sent_at": f"{at:%Y-%m-%dT%H:%M:%S}Z"}).encode())
        for at in sent
    ]  # fmt: skip
    parts = parts_of(*lines)
    assert sorted(part.is_late for part in parts) == [False, True, True]
    assert {part.keys for part in parts} == {HASH[-16:]}


def test_single_orders_and_what_became_of_them() -> None:
    market = market_of(
        line_of(listing(quantity=2)),
        line_of(message("collection_offer", item={})),
        line_of(message("order_invalidate")),
    )
    ask, bid = market.orders
    assert (ask.kind, ask.token_id, ask.quantity, ask.price_raw, ask.unit_price_raw) == (
        "listing",
        "3246",
        2,
        18 * 10**18,
        9 * 10**18,
    )
    assert (bid.kind, bid.token_id, bid.maker) == ("collection_offer", None, BID["payload"]["maker"]["address"])
    assert ask.placed_at == datetime(2026, 11, 22, 15, 4, 4, tzinfo=UTC)
    assert [revision.kind for revision in market.revisions] == ["invalidation"]


@pytest.mark.parametrize("changes", [{"expiration_date": "soon"}, {"order_hash": None}, {"base_price": None}, {"quantity": 0}, {"item": {}},
                                     {"payment_token": {"address": WETH}}])  # fmt: skip
def test_a_listing_whose_end_or_price_is_not_known_is_in_no_book(changes: dict[str, object]) -> None:
    assert market_of(line_of(listing(**changes))).orders == []


@pytest.mark.parametrize("changes", [{"chain": None}, {"collection": None}, {"payment_token": None}])
def test_an_offer_of_which_nobody_knows_where_it_holds_is_in_no_book(changes: dict[str, object]) -> None:
    assert len(market_of(line_of(message("collection_offer", item={}))).orders) == 1
    assert market_of(line_of(message("collection_offer", item={}, **changes))).orders == []


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, 0),
        ({"item": {}}, 1),
        ({"item": None}, 1),
        ({"payment_token": {"address": NATIVE}}, 1),
        ({"chain": "polygon"}, 1),
    ],
)
def test_a_cancel_of_a_bid_on_an_item_is_counted_and_not_kept(changes: dict[str, object], kept: int) -> None:
    market = market_of(line_of(message("item_cancelled", **changes)))
    assert len(market.revisions) == kept
    assert [part.kind for part in market.parts()] == [Kind.CANCEL]


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        ("2026-11-22T15:00:00Z", True),
        ("2026-11-22T15:04:05.250000Z", True),  # a moment ahead of this machine's clock
        ("2026-11-22T14:00:00Z", False),
        ("2026-11-23T15:00:00Z", False),
        ("x", False),
    ],
)
def test_an_events_time_counts_where_it_can_be_true(event: str, taken: bool) -> None:
    [order] = market_of(line_of(listing(event_timestamp=event))).orders
    assert (order.placed_at != order.received_at) == taken


EVENTS = [
    message("item_received_bid"),
    message("item_cancelled"),
    message("trait_offer"),
    listing(),
    moved(),
    message("order_revalidate"),
]


@given(st.sampled_from(EVENTS), st.data(), values)
def test_whatever_a_field_holds_each_counted_line_has_one_key(
    event: dict[str, Any], data: st.DataObject, value: object
) -> None:
    path = data.draw(st.sampled_from([path for path in places(event) if path and path[0] == "payload"]))
    line = line_of(put(event, path, value))
    market = Market(START, orders=True, transfers=True)
    others, _ = scan([line], 1, market)
    parts = list(market.parts())
    assert sum(len(part.keys.split()) for part in parts) == others.total()
    assert all(len(key) == 16 for part in parts for key in part.keys.split())


def test_memory_does_not_grow_with_the_lines_that_are_read() -> None:
    chunk = b"".join([line_of(message("item_received_bid")), line_of(message("item_cancelled"))] * 50)

    def peak(chunks: int) -> int:
        market, keys = Market(START, most_lines=1000), 0
        tracemalloc.start()
        for _ in range(chunks):
            scan([chunk], 100, market)
            if market.is_large:
                keys += sum(len(part.keys.split()) for part in market.parts())
                assert not market.is_large
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert keys == 100 * chunks
        return most

    peak(11)
    assert peak(55) < 1.2 * peak(11)


def test_keys() -> None:
    assert key_of("ABCDEF0123456789") == "abcdef0123456789"
    assert key_of("short") != key_of("other")
    assert wallet_key("0x" + "00" * 18 + "dEaD") == "000000000000dead"
    assert len(wallet_key("So11111111111111111111111111111111111111112")) == 16
