"""What the simulator says is whole and means what its ledger says, in both versions, by stream and by Events API."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from tests.loader.transform.messages import columns_of
from tidemark.archive.record import record_line
from tidemark.loader.repair.objects import Line
from tidemark.loader.repair.page import read_page
from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.outcome import Reject
from tidemark.loader.transform.read import Outcome, read_line
from tidemark.loader.transform.sale import Sale
from tidemark.loader.warehouse.same_sale import Reported, reported_of, superseded
from tidemark.simulator.events_api.event import event_of
from tidemark.simulator.market.market import Market
from tidemark.simulator.message import Message

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
RECEIVED = "2026-11-20T10:00:30.000000Z"


def messages(old_share: float) -> list[Message]:
    market = Market(7, sales_share=0.2, old_share=old_share)
    return [market.next(START + timedelta(milliseconds=10 * number)) for number in range(3000)]


def streamed(message: Message) -> Outcome:
    return read_line(record_line(RECEIVED, "collection:*", message.body))


def reported(sale: Sale, place: int) -> Reported:
    """What identifies a sale, as the loader reads it from the warehouse."""
    return reported_of(SimpleNamespace(**columns_of(sale), sale_uid=sale_uid(sale), lists=[], place=place))


def sale_of(outcome: Outcome) -> Sale:
    assert isinstance(outcome, Sale), outcome
    return outcome


def asked(message: Message) -> Sale:
    """Read a sale as the Events API reports it."""
    (event,) = read_page(json.dumps({"asset_events": [event_of(message)]}).encode()).events
    return sale_of(read_line(Line.of(event, datetime(2026, 11, 20, 12, tzinfo=UTC)).record))


@pytest.mark.parametrize("old_share", [0.0, 1.0])
def test_every_message_is_whole(old_share: float) -> None:
    outcomes = [streamed(message) for message in messages(old_share)]
    assert [outcome for outcome in outcomes if isinstance(outcome, Reject)] == []
    kinds = Counter("item_sold" if isinstance(outcome, Sale) else outcome.event_type for outcome in outcomes)
    assert len(kinds) == 10


@pytest.mark.parametrize("old_share", [0.0, 1.0])
def test_a_sale_is_what_the_ledger_calls_it(old_share: float) -> None:
    for message in messages(old_share):
        if key := message.sale:
            sale = sale_of(streamed(message))
            said = (sale.transaction_hash, sale.contract_address, sale.token_id, sale.order_hash or "")
            assert said == (key.transaction, key.contract, key.token, key.order_hash)


def test_the_events_api_reports_the_same_sales() -> None:
    compared = 0
    for message in messages(0.0):
        if message.sale:
            first = sale_of(streamed(message))
            second = asked(message)
            one, other = reported(first, 1), reported(second, 2)
            assert one.sale_uid == other.sale_uid or superseded([one, other]) == {other.sale_uid: one.sale_uid}
            assert (first.price_raw, first.price) == (second.price_raw, second.price)
            if first.seller:
                assert (first.seller, first.buyer) == (second.seller, second.buyer)
            compared += 1
    assert compared > 100


def test_hard_sales_are_read_as_the_ledger_has_them() -> None:
    """Cell for cell, by stream and by Events API; which of them are one sale is for the loader's own tests."""
    market = Market(7, sales_share=0.5, again_share=0.0, hard_share=1.0)
    drawn = [market.next(START + timedelta(milliseconds=10 * number)) for number in range(3000)]
    sold = [(message, message.facts) for message in drawn if message.facts]
    assert len(sold) > 1000
    for message, facts in sold:
        streamed_sale, asked_sale = sale_of(streamed(message)), asked(message)
        for sale in (streamed_sale, asked_sale):
            assert (str(sale.price_raw), sale.quantity) == (facts.price_raw, facts.quantity)
            assert sale.nft_name == facts.nft_name
            assert (sale.seller, sale.buyer) in {(facts.seller, facts.buyer), (None, None)}
        assert asked_sale.seller == facts.seller
        assert (streamed_sale.eth_rate, streamed_sale.usd_rate) == (number(facts.eth_rate), number(facts.usd_rate))


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
