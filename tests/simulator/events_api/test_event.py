import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tidemark.simulator.events_api.event import event_of, seconds
from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.market.market import Market
from tidemark.simulator.message import Message
from tidemark.simulator.recording import read_recorded

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


def market_messages(event_type: str, count: int = 2000) -> list[Message]:
    market = Market(5, sales_share=0.2, old_share=0.5)
    messages = (market.next(NOW + timedelta(milliseconds=number)) for number in range(count))
    return [message for message in messages if message.event_type == event_type]


def test_a_sale_has_the_fields_of_a_real_one() -> None:
    real = json.loads((FIXTURES / "events_api" / "sales.2025.jsonl").read_text().splitlines()[0])
    events = [event_of(message) for message in market_messages("item_sold")]
    assert {frozenset(event) for event in events} == {frozenset(real)}
    assert {frozenset(event["nft"]) for event in events} == {frozenset(real["nft"])}
    assert {frozenset(event["payment"]) for event in events} == {frozenset(real["payment"])}


def test_a_sale_has_the_values_of_the_stream() -> None:
    for message in market_messages("item_sold"):
        event, payload = event_of(message), json.loads(message.body)["payload"]
        key = message.sale
        assert key is not None
        assert event["chain"] == key.chain.replace("matic", "polygon")
        assert (event["transaction"], event["order_hash"]) == (key.transaction, key.order_hash)
        assert (event["nft"]["contract"], event["nft"]["identifier"]) == (key.contract, key.token)
        assert event["payment"]["quantity"] == payload["sale_price"]
        assert event["quantity"] == payload.get("quantity", 1)
        assert event["closing_date"] <= event["event_timestamp"]


def test_who_sold_follows_from_the_order() -> None:
    sides = set()
    for message in market_messages("item_sold"):
        event, payload = event_of(message), json.loads(message.body)["payload"]
        order = payload.get("protocol_data")
        maker_buys = order is not None and order["parameters"]["offer"][0]["itemType"] == 1
        sides.add(maker_buys)
        maker, taker = payload["maker"]["address"], payload["taker"]["address"]
        assert (event["buyer"], event["seller"]) == ((maker, taker) if maker_buys else (taker, maker))
    assert sides == {True, False}


def test_a_transfer_from_nowhere_is_a_mint() -> None:
    events = [event_of(message) for message in market_messages("item_transferred")]
    assert {event["event_type"] for event in events} == {"transfer", "mint"}
    for event in events:
        assert (event["event_type"] == "mint") == (event["from_address"] == ZERO_ADDRESS)


def test_listings_are_orders() -> None:
    for message in market_messages("item_listed"):
        event = event_of(message)
        assert (event["event_type"], event["order_type"]) == ("order", "listing")
        assert event["start_date"] < event["expiration_date"]


def test_a_real_sale_of_the_stream_is_understood() -> None:
    text = (FIXTURES / "stream" / "item_sold.2023.object-frame.json").read_text()
    event = event_of(read_recorded(json.dumps(json.loads(text)).encode()))
    assert event["event_timestamp"] == 1684716767
    assert (event["seller"], event["payment"]["quantity"]) == (
        "0x9c21ba9b67696c192007691c1126bf22d34468e6",
        "118400000000000000",
    )


@pytest.mark.parametrize(
    ("text", "second"), [("2026-09-09T10:18:39.860000Z", 1788949119), ("2024-01-22T06:16:20.121651+00:00", 1705904180)]
)
def test_times_are_rounded_down(text: str, second: int) -> None:
    assert seconds(text) == second
