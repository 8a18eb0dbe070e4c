import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from tidemark.archive.event_type import event_type_of
from tidemark.core.timestamps import parse_timestamp
from tidemark.simulator.market.market import MIX, TEMPLATE_RATE, TEMPLATES, Market
from tidemark.simulator.message import Message

START = datetime(2026, 11, 22, 15, tzinfo=UTC)


def messages(market: Market, count: int = 3000, step: float = 0.02) -> list[Message]:
    return [market.next(START + timedelta(seconds=step * number)) for number in range(count)]


def payloads(published: Iterable[Message], event_type: str) -> list[dict[str, Any]]:
    return [json.loads(message.body)["payload"] for message in published if message.event_type == event_type]


@pytest.fixture(scope="module")
def published() -> list[Message]:
    """Ten minutes of a market that trades more than real ones."""
    return messages(Market(3, sales_share=0.3), count=6000, step=0.1)


@pytest.fixture(scope="module")
def sales(published: list[Message]) -> list[dict[str, Any]]:
    return payloads(published, "item_sold")


def test_the_same_seed_gives_the_same_messages() -> None:
    one, same, other = (messages(Market(seed, sales_share=0.1, old_share=0.5), 500) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3])
def test_the_share_of_sales_is_kept(share: float) -> None:
    counts = Counter(message.event_type for message in messages(Market(1, sales_share=share)))
    assert counts["item_sold"] == pytest.approx(3000 * share, abs=45)


def test_the_mix_is_that_of_the_stream() -> None:
    counts = Counter(message.event_type for message in messages(Market(1, sales_share=0.01)))
    assert counts.keys() == MIX.keys() | {"item_sold"}
    assert counts["item_received_bid"] + counts["item_cancelled"] > 2400


def test_sizes_are_those_of_the_stream(published: list[Message]) -> None:
    sizes = {message.event_type: len(message.body) for message in published}
    assert 2000 < sizes["item_sold"] < 3200
    assert 1500 < sum(len(message.body) for message in published) / len(published) < 3000


def test_every_message_has_its_event_type(published: list[Message]) -> None:
    for message in published:
        assert event_type_of(message.body) == message.event_type
        assert json.loads(message.body)["payload"]["collection"]["slug"] == message.slug
        assert (message.sale is not None) == (message.event_type == "item_sold")


def test_a_sale_s_identity_is_in_its_message(published: list[Message]) -> None:
    for message in published:
        if sale := message.sale:
            payload = json.loads(message.body)["payload"]
            assert payload["item"]["nft_id"] == f"{sale.chain}/{sale.contract}/{sale.token}"
            assert (payload["transaction"]["hash"], payload["order_hash"]) == (sale.transaction, sale.order_hash)


def test_a_sale_is_published_seconds_after_its_transaction(published: list[Message]) -> None:
    for message in published:
        if message.event_type == "item_sold":
            envelope = json.loads(message.body)
            if envelope["payload"]["event_timestamp"] == envelope["payload"]["closing_date"]:
                late = parse_timestamp(envelope["sent_at"]) - parse_timestamp(envelope["payload"]["closing_date"])
                assert timedelta(seconds=1) <= late <= timedelta(seconds=30)


def test_sweeps_are_many_sales_in_one_transaction(published: list[Message]) -> None:
    sweeps = Counter(sale.transaction for message in published if (sale := message.sale))
    assert max(sweeps.values()) >= 5


def test_some_sales_are_sent_again_with_another_event_time_and_the_same_identity(published: list[Message]) -> None:
    by_sale: dict[object, list[dict[str, Any]]] = {}
    for message in published:
        if message.sale:
            by_sale.setdefault(message.sale, []).append(json.loads(message.body)["payload"])
    again = [observations for observations in by_sale.values() if len(observations) > 1]
    assert again
    for first, *later in again:
        for other in later:
            assert parse_timestamp(other["event_timestamp"]) > parse_timestamp(first["event_timestamp"])
            assert (other["closing_date"], other["sale_price"]) == (first["closing_date"], first["sale_price"])
            assert other["transaction"] == first["transaction"]


def test_orders_are_filled_in_parts_and_never_beyond_what_they_offer(sales: list[dict[str, Any]]) -> None:
    filled: Counter[str] = Counter()
    offered: dict[str, int] = {}
    seen = set()
    for sale in sales:
        fill = (sale["order_hash"], sale["transaction"]["hash"], sale["item"]["nft_id"])
        if not sale["protocol_data"] or fill in seen:
            continue
        seen.add(fill)
        parameters = sale["protocol_data"]["parameters"]
        goods = next(part for part in (*parameters["offer"], *parameters["consideration"]) if part["itemType"] >= 2)
        filled[sale["order_hash"]] += sale["quantity"]
        offered[sale["order_hash"]] = int(goods["startAmount"])
    assert max(Counter(order for order, _, _ in seen).values()) > 1
    assert all(filled[order] <= offered[order] for order in filled)


def test_prices_are_proportional_to_what_was_filled(sales: list[dict[str, Any]]) -> None:
    partial = 0
    for sale in sales:
        if not sale["protocol_data"]:
            continue
        parameters = sale["protocol_data"]["parameters"]
        offer, consideration = parameters["offer"], parameters["consideration"]
        money = [part for part in (*offer, *consideration) if part["itemType"] < 2]
        goods = next(part for part in (*offer, *consideration) if part["itemType"] >= 2)
        is_offer = offer[0]["itemType"] == 1
        price = int(offer[0]["startAmount"]) if is_offer else sum(int(part["startAmount"]) for part in money)
        assert int(sale["sale_price"]) == price * sale["quantity"] // int(goods["startAmount"])
        partial += sale["quantity"] < int(goods["startAmount"])
    assert partial


def test_the_market_has_everything_that_is_hard(published: list[Message], sales: list[dict[str, Any]]) -> None:
    assert {sale["chain"] for sale in sales} >= {"ethereum", "base", "matic", "arbitrum", "solana"}
    assert {sale["payment_token"]["symbol"] for sale in sales} >= {"ETH", "WETH", "USDC"}
    assert {sale["payment_token"]["decimals"] for sale in sales} >= {18, 6}
    assert max(len(sale["item"]["nft_id"].split("/")[2]) for sale in sales) == 78
    assert {sale["is_private"] for sale in sales} == {True, False}
    assert "" in {sale["order_hash"] for sale in sales}
    first_items = {
        sale["protocol_data"]["parameters"]["offer"][0]["itemType"] for sale in sales if sale["protocol_data"]
    }
    assert first_items == {1, 2, 3}
    bids = payloads(published, "item_received_bid")
    assert {len(bid["item"]["nft_id"].split("/")) for bid in bids} == {2, 3}
    assert {offer["trait_criteria"]["trait_type"] for offer in payloads(published, "trait_offer")}


def test_the_two_versions_write_the_same_things_differently() -> None:
    (old,), (modern,) = (
        islice(payloads(messages(Market(1, sales_share=1.0, old_share=share), 20), "item_sold"), 1) for share in (1, 0)
    )
    assert (old["event_timestamp"][-6:], modern["event_timestamp"][-1]) == ("+00:00", "Z")
    assert parse_timestamp(old["transaction"]["timestamp"]) == parse_timestamp(old["closing_date"])
    assert datetime.fromtimestamp(int(modern["transaction"]["timestamp"]), UTC) == parse_timestamp(
        modern["closing_date"]
    )
    assert (old["item"]["metadata"]["metadata_url"], modern["item"]["metadata"]["metadata_url"])[1] is None
    assert old["sale_price"] == modern["sale_price"]


def test_only_the_modern_version_has_revisions() -> None:
    for share, has in ((1.0, False), (0.0, True)):
        published = messages(Market(1, sales_share=0.1, old_share=share), 200)
        assert {"version" in json.loads(message.body) for message in published} == {has}


def test_above_the_template_rate_orders_come_from_templates_and_sales_do_not() -> None:
    market = Market(1, sales_share=0.05)
    market.prepare(TEMPLATE_RATE + 1, START)
    published = messages(market, 2000)
    sales = [message.sale for message in published if message.sale]
    assert len(sales) == pytest.approx(100, abs=45)
    assert len(set(sales)) > 0.9 * len(sales)
    hashes = [payload["order_hash"] for payload in payloads(published, "item_received_bid")]
    assert len(set(hashes)) == len(hashes)
    sent = [parse_timestamp(json.loads(message.body)["sent_at"]) for message in published]
    assert sent == sorted(sent)
    assert sent[-1] > START + timedelta(seconds=39)
    market.prepare(TEMPLATE_RATE, START)
    assert TEMPLATES > 0
    assert messages(market, 10)
