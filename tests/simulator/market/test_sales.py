from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from tidemark.simulator.market.desk import Desk
from tidemark.simulator.market.happening import Sold
from tidemark.simulator.market.sales import LARGEST_SWEEP, Sales

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


def drawn(count: int) -> list[list[Sold]]:
    sales = Sales(Desk(Random(1)))
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
            assert sold.told_at == sold.at
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


def test_nobody_buys_from_themselves_except_in_a_sweep_by_chance() -> None:
    alone = [sales[0] for sales in drawn(1500) if len(sales) == 1]
    assert all(sold.taker != sold.order.maker for sold in alone)
