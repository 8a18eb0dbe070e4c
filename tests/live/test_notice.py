from decimal import Decimal

import msgspec
import pytest

from collector.status import Status
from tests.collector.test_status import WELL
from tests.live.events import sale
from tidemark.live.notice import GapWatch, Limiter, MarketWatch, Notice

STATUS = Status(**WELL)


def test_a_sale_of_at_least_the_price_is_told_at_once() -> None:
    watch = MarketWatch(Decimal(10), None)
    events = (sale("9.99"), sale("10"), sale(None), sale("99", kind="item_listed"))
    assert [notice.text for event in events for notice in watch.take(event, 0.0)] == [
        "Sale: Cat #1 of cats for 10 ETH (20,000.00 USD), 15:04:05 UTC"
    ]
    assert not watch.waiting


def test_a_sweep_is_told_whole_when_its_transaction_is_quiet() -> None:
    watch = MarketWatch(None, 3)
    for number, transaction in enumerate(["0xs", "0xs", "0xother", "0xs"]):
        assert list(watch.take(sale("0.5", transaction), float(number))) == []
    assert list(watch.due(4.0)) == []
    assert watch.waiting
    assert [notice.text for notice in watch.due(5.0)] == ["Sweep: 3 NFTs for 1.5000 ETH, cats, by 0xb in 0xs"]
    assert not watch.waiting


@pytest.mark.parametrize(
    ("prices", "amount"),
    [
        (["0.5", None, "1", None], " for at least 1.5000 ETH (2 without a rate to ETH),"), ([None, None], ","),
        (["0", "0"], " for 0.0000 ETH,"),
    ],
)  # fmt: skip
def test_a_sweep_with_unknown_prices_is_told_for_what_is_known(prices: list[str | None], amount: str) -> None:
    watch = MarketWatch(None, 2)
    for price in prices:
        list(watch.take(sale(price), 0.0))
    (notice,) = watch.due(2.0)
    assert notice.text == f"Sweep: {len(prices)} NFTs{amount} cats, by 0xb in 0xt"


def test_a_gap_is_told_when_it_begins_and_when_it_is_over() -> None:
    watch, lost = GapWatch(), msgspec.structs.replace(STATUS, uncovered={"collection:*": "connection_lost"})
    assert list(watch.look(STATUS, 0.0)) == []
    assert [notice.text for notice in watch.look(lost, 1.0)] == ["Gap: collection:* is not covered: connection_lost"]
    assert list(watch.look(lost, 2.0)) == []
    assert [notice.text for notice in watch.look(STATUS, 13.0)] == ["Recording again after about 12 s"]
    assert [notice.text for notice in watch.look(None, 14.0)] == ["Gap: the collector does not run or does not answer"]


def test_a_gap_between_two_looks_is_told_too() -> None:
    watch = GapWatch()
    list(watch.look(msgspec.structs.replace(STATUS, gap_seconds={"lagging": 1.0}), 0.0))
    grown = msgspec.structs.replace(STATUS, gap_seconds={"lagging": 1.5, "renewed": 2.0})
    assert [notice.text for notice in watch.look(grown, 1.0)] == [
        "Gap of 2.5 s, over; reasons since the start: lagging, renewed"
    ]
    assert list(watch.look(grown, 2.0)) == []


def test_a_collector_that_was_started_again_between_two_looks_has_a_gap() -> None:
    watch = GapWatch()
    assert list(watch.look(STATUS, 0.0)) == []
    again = msgspec.structs.replace(STATUS, started_at="2026-11-22T15:04:05.000000Z", gap_seconds={"connecting": 2.0})
    assert [notice.text for notice in watch.look(again, 1.0)] == [
        "Gap, over: the collector was started again at 2026-11-22T15:04:05 UTC, and 2.0 s since then are not covered"
    ]
    assert list(watch.look(again, 2.0)) == []


def test_more_than_the_limit_is_held_back_and_told_in_one_message() -> None:
    limiter, sale_ = Limiter(3), Notice("sale", "a sale")
    assert [limiter.pass_on(sale_, float(number)) for number in range(2)] == [sale_, sale_]
    assert limiter.pass_on(sale_, 2.0) is None
    assert limiter.pass_on(Notice("gap", "a gap"), 2.5) is None
    assert limiter.holding
    summary = limiter.summary(3.0)
    assert summary == Notice("summary", "Held back, more than 3 a minute: 1 gap, 1 sale. The last: a gap")
    assert not limiter.holding
    assert limiter.pass_on(sale_, 4.0) is None
    assert limiter.summary(59.0) is None  # three messages within the minute
    assert limiter.summary(60.0) is not None
    assert limiter.pass_on(sale_, 121.0) == sale_
