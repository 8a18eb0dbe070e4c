from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from tests.simulator.market.test_order import LISTING, OFFER
from tests.simulator.market.test_payload import SOLD
from tidemark.simulator.market.actors import Actors
from tidemark.simulator.market.market_event import Sold
from tidemark.simulator.market.order_book import OrderBook
from tidemark.simulator.market.sales import LARGEST_SWEEP, Owners, Sales

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


def drawn(count: int) -> list[list[Sold]]:
    sales = Sales(OrderBook(Random(1)))
    return [sales.draw(NOW + timedelta(seconds=number)) for number in range(count)]


def test_what_is_sold_together_has_one_transaction_one_buyer_and_different_orders() -> None:
    together = [sales for sales in drawn(600) if len(sales) > 1]
    assert together
    for sales in together:
        assert len(sales) <= LARGEST_SWEEP
        assert len({sold.transaction for sold in sales}) == 1
        assert len({sold.order.order_hash for sold in sales}) == len(sales)
        assert len({sold.taker for sold in sales if not sold.order.private_to}) <= 1


def test_transactions_are_distinct() -> None:
    transactions = Counter(sales[0].transaction for sales in drawn(300))
    assert set(transactions.values()) == {1}


def test_an_order_is_older_than_its_sale_and_was_still_good() -> None:
    for sales in drawn(300):
        for sold in sales:
            assert sold.order.created_at <= sold.at < sold.order.expires_at
            assert sold.event_at == sold.at
            assert sold.at.microsecond == 0


def test_a_part_of_an_order_costs_its_part() -> None:
    parts = [sold for sales in drawn(600) for sold in sales if sold.quantity < sold.order.quantity]
    assert parts
    for sold in parts:
        assert sold.price == sold.order.price * sold.quantity // sold.order.quantity


def test_a_private_listing_goes_to_whom_it_was_for() -> None:
    private = [sold for sales in drawn(1500) for sold in sales if sold.order.private_to]
    assert private
    assert all(sold.taker == sold.order.private_to for sold in private)


def test_items_are_sold_again_by_their_buyers_some_back_and_forth() -> None:
    hands: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for sales in drawn(1500):
        for sold in sales:
            if sold.order.listing and not sold.order.collection.editions:
                item = (sold.order.collection.slug, sold.token_id)
                hands.setdefault(item, []).append((sold.order.maker, sold.taker))
    again = [pair for pairs in hands.values() for pair in pairwise(pairs)]
    assert sum(earlier[1] == later[0] for earlier, later in again) > 50
    assert sum(earlier == later[::-1] for earlier, later in again) > 10


def test_buyer_and_seller_differ_except_in_a_sweep_by_chance() -> None:
    alone = [sales[0] for sales in drawn(1500) if len(sales) == 1]
    assert all(sold.taker != sold.order.maker for sold in alone)


def owners() -> Owners:
    rng = Random(1)
    return Owners(rng, Actors(rng))


def test_a_buyer_sells_again_and_only_once() -> None:
    buyers = owners()
    assert buyers.seller() is None
    buyers.note(SOLD)
    assert buyers.seller() == (LISTING.collection, "7", SOLD.taker)
    assert buyers.seller() is None


def test_the_maker_of_an_offer_has_bought() -> None:
    buyers = owners()
    buyers.note(replace(SOLD, order=OFFER))
    owned = buyers.seller()
    assert owned is not None
    assert owned.owner == OFFER.maker


def test_a_ring_sells_an_item_back_and_forth() -> None:
    rings = owners()
    turns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for _ in range(60):
        owned, other = rings.turn_ring()
        turns.setdefault((owned.collection.slug, owned.token_id), []).append((owned.owner, other))
    for pairs in turns.values():
        assert all(later == earlier[::-1] for earlier, later in pairwise(pairs))
        assert pairs[0][0] != pairs[0][1]
