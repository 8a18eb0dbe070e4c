import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tidemark.simulator.events_api.event import event_of
from tidemark.simulator.market.hard_sales import LARGEST_PRICE, HardSales
from tidemark.simulator.market.market import Market
from tidemark.simulator.market.market_event import Quirk, Sold
from tidemark.simulator.market.order_book import OrderBook
from tidemark.simulator.message import Message, SaleFacts

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def drawn() -> list[list[Sold]]:
    hard = HardSales(OrderBook(Random(1)))
    return [hard.draw(NOW, f"0x{number}") for number in range(400)]


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """The sales of a market in which every transaction is hard, many of them sent again."""
    market = Market(3, sales_share=0.5, again_share=0.2, hard_share=1.0)
    drawn = (market.next(NOW + timedelta(seconds=number)) for number in range(6000))
    return [message for message in drawn if message.sale]


def payload(message: Message) -> dict[str, object]:
    found: dict[str, object] = json.loads(message.body)["payload"]
    return found


def facts(message: Message) -> SaleFacts:
    assert message.facts is not None
    return message.facts


def test_copies_of_a_token_are_bought_from_several_sellers_at_once(drawn: list[list[Sold]]) -> None:
    sweeps = [
        sales for sales in drawn if len({sold.order.maker for sold in sales}) > 1 and sales[0].order.collection.editions
    ]
    assert len(sweeps) > 20
    for sales in sweeps:
        assert {sold.order_hash for sold in sales} == {""}
        assert len({(sold.token_id, sold.taker, sold.order.collection.contract) for sold in sales}) == 1
        assert len({(sold.parties, sold.price) for sold in sales}) == len(sales)
        assert all(seller != buyer for seller, buyer in (sold.parties for sold in sales))


def test_a_token_is_resold_by_its_buyer(drawn: list[list[Sold]]) -> None:
    pairs = [sales for sales in drawn if len(sales) == 2 and not sales[0].order.collection.editions]
    assert len(pairs) > 20
    for first, second in pairs:
        assert second.parties[0] == first.parties[1]
        assert (first.token_id, first.order_hash) == (second.token_id, "")
        assert second.price > first.price


def test_one_order_is_filled_twice_with_different_quantities(drawn: list[list[Sold]]) -> None:
    pairs = [sales for sales in drawn if len(sales) == 2 and sales[0].order_hash]
    assert len(pairs) > 20
    for first, second in pairs:
        assert (first.order, first.taker) == (second.order, second.taker)
        assert first.quantity > second.quantity > 0
        assert first.price == first.order.price * first.quantity // 20


def test_quirks_and_outliers_come_alone(drawn: list[list[Sold]]) -> None:
    quirks = {sold.quirk for sales in drawn for sold in sales if len(sales) == 1}
    assert quirks == {None, *Quirk}
    assert any(sold.price == LARGEST_PRICE for sales in drawn for sold in sales)


def test_a_number_is_a_sale_and_keeps_what_happened(messages: list[Message]) -> None:
    by_number = defaultdict(list)
    for message in messages:
        by_number[facts(message).number].append(message)
    again = [seen for seen in by_number.values() if len(seen) > 1]
    assert len(again) > 50
    for seen in again:
        reported = {(f.price_raw, f.quantity, f.seller, f.buyer, f.sold_at) for f in map(facts, seen)}
        assert len(reported) == 1
        assert len({message.sale for message in seen}) == 1
    hashless = [message for seen in again for message in seen[1:] if not payload(message)["order_hash"]]
    assert any(message.sale and message.sale.order_hash for message in hashless)
    keys = {message.sale for message in messages}
    assert len(keys) < len(by_number)


def test_a_number_is_unique_beside_ordinary_sales() -> None:
    market = Market(3, sales_share=0.5, again_share=0.0, hard_share=0.3)
    drawn = (market.next(NOW + timedelta(seconds=number)) for number in range(2000))
    numbers = [message.sale_number for message in drawn if message.sale]
    assert numbers == list(range(1, len(numbers) + 1))


def test_unknown_rates_are_none_in_the_ledger(messages: list[Message]) -> None:
    odd = [message for message in messages if facts(message).quirk == Quirk.UNKNOWN_RATE]
    reported = {str(json.loads(message.body)["payload"]["payment_token"]["eth_price"]) for message in odd}
    assert {"0", "NaN", "n/a", "None"} <= reported
    assert all(None in (facts(message).eth_rate, facts(message).usd_rate) for message in odd)
    others = [message for message in messages if facts(message).quirk != Quirk.UNKNOWN_RATE]
    assert all(facts(message).eth_rate and facts(message).usd_rate for message in others)


def test_half_an_emoji_is_sent_as_json_escapes_it(messages: list[Message]) -> None:
    odd = [message for message in messages if facts(message).quirk == Quirk.SURROGATE]
    assert odd
    for message in odd:
        assert rb"\ud83d" in message.body
        assert facts(message).nft_name.endswith("\ufffd")
        assert event_of(message)["nft"]["name"].endswith("\ud83d")


def test_decimals_may_be_wrong(messages: list[Message]) -> None:
    odd = [facts(message) for message in messages if facts(message).quirk == Quirk.WRONG_DECIMALS]
    assert {fact.decimals for fact in odd} == {0}


def test_the_events_api_has_the_parties_of_each_sale(messages: list[Message]) -> None:
    for message in messages:
        event, fact = event_of(message), facts(message)
        assert (event["seller"], event["buyer"]) == (fact.seller, fact.buyer)
        assert (event["payment"]["quantity"], event["quantity"]) == (fact.price_raw, fact.quantity)


def test_without_hard_sales_the_market_is_as_it_was() -> None:
    plain, none = (Market(1, sales_share=0.3, **share) for share in ({}, {"hard_share": 0.0}))
    assert [plain.next(NOW).body for _ in range(300)] == [none.next(NOW).body for _ in range(300)]
