from datetime import UTC, datetime
from random import Random

from tests.simulator.market.test_order import LISTING
from tidemark.simulator.market.order_book import Live, OrderBook, OrderPool

NOW = datetime(2026, 11, 22, 15, 0, 0, 123456, tzinfo=UTC)


def test_orders_are_of_the_kind_that_was_asked_for() -> None:
    book = OrderBook(Random(1))
    made = [book.list_item(NOW), book.bid(NOW), book.offer(NOW), book.offer_on_trait(NOW)]
    kinds = [live.order.kind for live in made]
    assert kinds == ["item_listed", "item_received_bid", "collection_offer", "trait_offer"]
    for live in made:
        assert live.order.created_at == NOW.replace(microsecond=0) < live.order.expires_at
        assert live.left == live.order.quantity > 0


def test_what_is_kept_can_be_found_again() -> None:
    book = OrderBook(Random(1))
    edition, bid, offer = book.list_edition(NOW), book.bid(NOW), book.offer(NOW)
    for live in (edition, bid, offer):
        book.keep(live)
    assert (book.editions.take(), book.bids.take(), book.offers.take()) == (edition, bid, offer)
    assert book.listings.take() is None


def test_prices_are_whole_base_units_near_the_floor() -> None:
    book = OrderBook(Random(1))
    for _ in range(300):
        order = book.list_item(NOW).order
        unit = order.price / order.quantity / 10**order.token.decimals
        floor = order.collection.floor * order.collection.chain.native.dollars / order.token.dollars
        assert isinstance(order.price, int)
        assert 0.2 * floor < unit < 5 * floor


def test_some_pay_in_dollars_and_some_sell_in_private() -> None:
    book = OrderBook(Random(1))
    orders = [book.list_item(NOW).order for _ in range(500)]
    assert any(order.token.symbol == "USDC" for order in orders)
    assert any(order.private_to for order in orders)
    assert all(book.bid(NOW).order.token.symbol != "USDC" for _ in range(50))


def test_what_is_taken_is_gone() -> None:
    pool = OrderPool(Random(1))
    lives = [Live(LISTING, number) for number in range(5)]
    for live in lives:
        pool.add(live)
    taken = [pool.take() for _ in range(6)]
    assert sorted(live.left for live in taken if live) == [0, 1, 2, 3, 4]
    assert taken[-1] is None


def test_a_full_pool_drops_orders() -> None:
    pool = OrderPool(Random(1), capacity=3)
    for number in range(10):
        pool.add(Live(LISTING, number))
    assert len(pool) == 3
