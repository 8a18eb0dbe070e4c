"""A sale is built once from what its message states, and has the columns of `core.sale` that a message decides."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from msgspec.structs import fields

from tests.loader.contents import query
from tests.loader.transform.messages import PRICES
from tidemark.loader.transform.identity import Nft
from tidemark.loader.transform.order import NATIVE, Side
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.sale import Facts, Sale, SideSource, SoldAtSource, Source, sale_of
from tidemark.loader.transform.values import AHEAD, REPLAYED_AFTER

OF_THE_LOAD = {
    *("sale_uid", "fill", "payload_hash", "source_hour", "loaded_at", "first_collector", "first_load_id"),
    *("marketplace_fee_raw", "royalty_raw", "other_fee_raw"),
}


@pytest.mark.postgres
def test_a_sale_has_the_columns_of_the_table(warehouse_url: str) -> None:
    columns = query(
        warehouse_url,
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'core' AND table_name = 'sale'",
    )
    assert {*Sale.__struct_fields__, *PRICES} == {name for (name,) in columns} - OF_THE_LOAD


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("column", "words"),
    [("sold_at_source", SoldAtSource), ("side", Side), ("side_source", SideSource), ("source", Source)],
)
def test_the_table_allows_the_same_words(warehouse_url: str, column: str, words: type[StrEnum]) -> None:
    [(check,)] = query(
        warehouse_url,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'core.sale_row'::regclass AND conname = %s",
        f"sale_row_{column}_check",
    )
    assert {word for word in str(check).split("'")[1::2] if word != "text"} == set(words)


NOON = datetime(2026, 9, 9, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(seconds=1)
FAR_AHEAD = NOON + AHEAD + timedelta(microseconds=1)


def facts(**stated: Any) -> Facts:
    """What a message received at noon states, if it states next to nothing."""
    unknown = {field.name: None for field in fields(Facts) if field.required}
    nft = Nft("ethereum", "0xc", "7")
    given = {"source": Source.STREAM, "received_at": NOON, "event_at": NOON, "nft": nft, "transaction_hash": "0xa"}
    return Facts(**{**unknown, **given, **stated})


def sold_at(**stated: Any) -> tuple[datetime, SoldAtSource]:
    sale = sale_of(facts(**stated))
    return sale.sold_at, sale.sold_at_source


def test_the_first_time_that_is_known_and_can_be_true_is_when_it_was_sold() -> None:
    assert sold_at(transaction_at=EARLIER, closing_at=NOON) == (EARLIER, SoldAtSource.TRANSACTION)
    assert sold_at(closing_at=EARLIER) == (EARLIER, SoldAtSource.CLOSING)
    assert sold_at() == (NOON, SoldAtSource.EVENT)
    assert sold_at(transaction_at=NOON + AHEAD) == (NOON + AHEAD, SoldAtSource.TRANSACTION)
    assert sold_at(transaction_at=FAR_AHEAD, closing_at=EARLIER) == (EARLIER, SoldAtSource.CLOSING)
    assert sold_at(transaction_at=FAR_AHEAD, closing_at=FAR_AHEAD) == (NOON, SoldAtSource.EVENT)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"event_at": None}, Reason.CUT),
        ({"event_at": None, "unreadable": ("closing_date",)}, Reason.MALFORMED),
        ({"event_at": FAR_AHEAD}, Reason.OUT_OF_RANGE),
    ],
)
def test_without_a_time_there_is_no_sale(stated: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(UnfitError) as caught:
        sale_of(facts(**stated))
    assert caught.value.reason is reason


def test_a_sale_sent_late_is_a_broadcast_of_an_old_one() -> None:
    late = NOON + REPLAYED_AFTER
    assert not sale_of(facts(sent_at=late)).is_replayed
    assert sale_of(facts(sent_at=late + timedelta(microseconds=1))).is_replayed
    assert sale_of(facts(received_at=late + timedelta(microseconds=1))).is_replayed
    assert not sale_of(facts(source=Source.EVENTS_API, sent_at=late + timedelta(days=1))).is_replayed


@pytest.mark.parametrize(
    ("token", "side", "of_stream", "of_api"),
    [
        (NATIVE, Side.LISTING, ("0x1", "0x2"), ("0x1", "0x2")),
        ("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", Side.OFFER, ("0x2", "0x1"), ("0x2", "0x1")),
        (None, Side.UNKNOWN, (None, None), (None, None)),
    ],
)
def test_the_parties_that_a_source_does_not_name_follow_from_the_side(
    token: str | None, side: Side, of_stream: tuple[str | None, ...], of_api: tuple[str | None, ...]
) -> None:
    streamed = sale_of(facts(payment_token_address=token, maker="0x1", taker="0x2"))
    assert (streamed.side, streamed.seller, streamed.buyer) == (side, *of_stream)
    listed = sale_of(
        facts(source=Source.EVENTS_API, order_hash="0xo", payment_token_address=token, seller="0x1", buyer="0x2")
    )
    assert (listed.side, listed.maker, listed.taker) == (side, *of_api)
    elsewhere = sale_of(facts(source=Source.EVENTS_API, payment_token_address=token, seller="0x1", buyer="0x2"))
    assert (elsewhere.side, elsewhere.side_source) == (Side.UNKNOWN, SideSource.EVENTS_API)
    assert (elsewhere.maker, elsewhere.taker, elsewhere.seller, elsewhere.buyer) == (None, None, "0x1", "0x2")
