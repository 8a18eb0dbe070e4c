from datetime import UTC, datetime
from random import Random

from tidemark.simulator.market.desk import Desk

NOW = datetime(2026, 11, 22, 15, 0, 0, 123456, tzinfo=UTC)


def test_orders_are_of_the_kind_that_was_asked_for() -> None:
    desk = Desk(Random(1))
    made = [desk.list_item(NOW), desk.bid(NOW), desk.offer(NOW), desk.offer_on_trait(NOW)]
    kinds = [live.order.kind for live in made]
    assert kinds == ["item_listed", "item_received_bid", "collection_offer", "trait_offer"]
    for live in made:
        assert live.order.created_at == NOW.replace(microsecond=0) < live.order.expires_at
        assert live.left == live.order.quantity > 0


def test_what_is_kept_can_be_found_again() -> None:
    desk = Desk(Random(1))
    edition, bid, offer = desk.list_edition(NOW), desk.bid(NOW), desk.offer(NOW)
    for live in (edition, bid, offer):
        desk.keep(live)
    assert (desk.editions.take(), desk.bids.take(), desk.offers.take()) == (edition, bid, offer)
    assert desk.listings.take() is None


def test_prices_are_whole_base_units_near_the_floor() -> None:
    desk = Desk(Random(1))
    for _ in range(300):
        order = desk.list_item(NOW).order
        unit = order.price / order.quantity / 10**order.token.decimals
        floor = order.collection.floor * order.collection.chain.native.dollars / order.token.dollars
        assert isinstance(order.price, int)
        assert 0.2 * floor < unit < 5 * floor


def test_some_pay_in_dollars_and_some_sell_in_private() -> None:
    desk = Desk(Random(1))
    orders = [desk.list_item(NOW).order for _ in range(500)]
    assert any(order.token.symbol == "USDC" for order in orders)
    assert any(order.private_to for order in orders)
    assert all(desk.bid(NOW).order.token.symbol != "USDC" for _ in range(50))
