"""The wash-trade signals of sql/marts/daily_1_sale_flags.sql, each at its threshold and just beside it."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.sql.market import ETH, ETH_UNRATED, MARKET, Sale, at, fill, load, sale
from tidemark.loader.marts import refresh_days
from tidemark.storage.postgres import connected

Flags = dict[str, set[str]]
TABLES = (
    "collection_hourly",
    "collection_daily",
    "wallet_daily",
    "market_daily",
    "payment_token_daily",
    "price_range_daily",
    "collection_royalty_daily",
    "sweep_daily",
    "top_sale_daily",
    "sale_flags",
    "suspect_sale",
    "resale",
    "price_daily",
    "stale_day",
)


def flags(url: str, sales: Iterable[Sale]) -> Flags:
    """Load the sales, score their days, and return the signals by `collection/token MM-DDTHH:MM`."""
    fill(url, sales, coverage=())
    return stored(url)


def stored(url: str) -> Flags:
    with connected(SecretStr(url)) as connection:
        rows = connection.execute(
            text("SELECT collection_slug, token_id, sold_at, signals FROM mart.sales ORDER BY sold_at")
        )
        return {f"{row[0]}/{row[1]} {row[2]:%m-%dT%H:%M}": set(row[3]) for row in rows if row[3]}


def test_a_sale_to_oneself(warehouse_url: str) -> None:
    found = flags(warehouse_url, [
        sale("02T10:00", "cats/1", "0xa", "0xa", "1"),
        sale("02T10:00", "cats/2", None, None, "1", maker="0xa", taker="0xa", side="unknown"),
        sale("02T10:00", "cats/3", None, None, "1", side="unknown"),
    ])  # fmt: skip
    assert found == {"cats/1 11-02T10:00": {"self_trade"}, "cats/2 11-02T10:00": {"self_trade"}}


@pytest.mark.parametrize(("back", "flagged"), [("12-01T10:00", True), ("12-01T10:01", False)])
def test_back_and_forth_within_thirty_days(warehouse_url: str, back: str, flagged: bool) -> None:
    found = flags(warehouse_url, [
        sale("11-01T10:00", "cats/1", "0xa", "0xb", "1"),
        sale(back, "cats/1", "0xb", "0xa", "1"),
    ])  # fmt: skip
    assert list(found.values()) == ([{"back_and_forth"}] * 2 if flagged else [])


def test_back_and_forth_is_of_one_token_and_two_wallets(warehouse_url: str) -> None:
    assert flags(warehouse_url, [
        sale("02T10:00", "cats/1", "0xa", "0xb", "1"),
        sale("02T11:00", "cats/2", "0xb", "0xa", "1"),
        sale("02T12:00", "cats/1", "0xb", "0xc", "1"),
        sale("02T13:00", "cats/1", "0xb", "0xa", "1", chain="base"),
    ]) == {}  # fmt: skip


def test_bought_again_after_selling_it(warehouse_url: str) -> None:
    found = flags(warehouse_url, [
        sale("02T10:00", "cats/1", "0xa", "0xb", "1"),
        sale("05T10:00", "cats/1", "0xb", "0xc", "1"),
        sale("09T10:00", "cats/1", "0xd", "0xb", "1"),  # b had it, sold it, and has it again
        sale("02T10:00", "pass/7", "0xa", "0xb", "1", quantity=5),
        sale("03T10:00", "pass/7", "0xa", "0xb", "1", quantity=5),  # more of the same, none sold in between
        sale("02T10:00", "cats/2", "0xb", "0xc", "1"),
        sale("03T10:00", "cats/2", "0xd", "0xb", "1"),  # what b had before was not bought
    ])  # fmt: skip
    assert found == {"cats/1 11-09T10:00": {"bought_again"}}


@pytest.mark.parametrize(("transactions", "flagged"), [(("t1", "t2", "t3"), True), (("t1", "t2", "t2"), False)])
def test_the_same_pair_three_times_a_day(warehouse_url: str, transactions: tuple[str, ...], flagged: bool) -> None:
    found = flags(warehouse_url, [
        sale("02T10:00", "cats/1", "0xa", "0xb", "1", transaction_hash=transactions[0]),
        sale("02T11:00", "cats/2", "0xb", "0xa", "1", transaction_hash=transactions[1]),
        sale("02T12:00", "cats/3", "0xa", "0xb", "1", transaction_hash=transactions[2]),
        sale("02T12:00", "cats/4", "0xa", "0xc", "1"),
        sale("03T10:00", "cats/5", "0xa", "0xb", "1"),
    ])  # fmt: skip
    assert set(found) == ({"cats/1 11-02T10:00", "cats/2 11-02T11:00", "cats/3 11-02T12:00"} if flagged else set())
    assert all(signals == {"same_pair"} for signals in found.values())


@pytest.mark.parametrize(("price", "flagged"), [("10", True), ("9.99", False), ("0.1", True), ("0.11", False)])
def test_a_price_ten_times_off_the_days_median(warehouse_url: str, price: str, flagged: bool) -> None:
    # ten priced sales, the median of 1, 1, 1, 1, 1, 1, 1, 1, 1 and the odd one is 1
    usual = [sale(f"02T10:{minute:02}", f"cats/{minute}", f"0xs{minute}", f"0xb{minute}", "1") for minute in range(9)]
    odd = sale("02T11:00", "cats/odd", "0xs", "0xb", price)
    found = flags(warehouse_url, [*usual, odd])
    assert found == ({"cats/odd 11-02T11:00": {"price_outlier"}} if flagged else {})
    with connected(SecretStr(warehouse_url)) as connection:
        assert connection.scalar(text("SELECT count(*) FROM mart.sales WHERE is_suspect")) == 0


def test_nine_priced_sales_are_too_few_to_judge_a_price(warehouse_url: str) -> None:
    usual = [sale(f"02T10:{minute:02}", f"cats/{minute}", f"0xs{minute}", f"0xb{minute}", "1") for minute in range(8)]
    unpriced = sale("02T10:30", "cats/u", "0xs", "0xb", "1", paid=ETH_UNRATED)
    assert flags(warehouse_url, [*usual, unpriced, sale("02T11:00", "cats/odd", "0xv", "0xw", "10")]) == {}


def test_of_an_edition_more_can_be_bought(warehouse_url: str) -> None:
    # b buys five, sells two, and buys again: there are many of the same
    found = flags(warehouse_url, [
        sale("02T10:00", "pass/7", "0xa", "0xb", "5", quantity=5),
        sale("03T10:00", "pass/7", "0xb", "0xc", "2", quantity=2),
        sale("04T10:00", "pass/7", "0xd", "0xb", "1"),
        sale("05T10:00", "pass/7", "0xb", "0xe", "1"),
        sale("06T10:00", "pass/7", "0xf", "0xb", "1"),
        sale("02T10:00", "pass/8", "0xa", "0xb", "1"),
        sale("03T10:00", "pass/8", "0xb", "0xc", "1", token_standard="erc1155"),  # one message that says so is enough
        sale("04T10:00", "pass/8", "0xd", "0xb", "1"),
    ])  # fmt: skip
    assert found == {}


def test_sales_without_a_collection_are_scored_by_contract(warehouse_url: str) -> None:
    usual = [
        sale(f"02T10:{minute:02}", f"x/{minute}", f"0xs{minute}", f"0xb{minute}", "1", collection_slug=None)
        for minute in range(9)
    ]
    other = sale("02T11:00", "y/1", "0xv", "0xw", "10", collection_slug=None)
    assert flags(warehouse_url, [*usual, other]) == {}
    with connected(SecretStr(warehouse_url)) as connection:
        odd = sale("02T12:00", "x/odd", "0xv", "0xw", "10", collection_slug=None)
        load(connection, odd["source_hour"], [odd])
        connection.commit()
    refresh_days(SecretStr(warehouse_url), log=lambda _: None)
    assert stored(warehouse_url) == {"None/odd 11-02T12:00": {"price_outlier"}}


TRILLION_USD = ("0xusd", "USD", 6, Decimal(1), None)


@pytest.mark.parametrize(
    ("price", "paid", "flagged"),
    [
        ("130000000", ETH, False),
        ("130000000.000000000000000001", ETH, True),
        ("1000000000000", TRILLION_USD, False),
        ("1000000000000.000001", TRILLION_USD, True),
        (f"{2**256 - 1}e-18", ETH, True),
    ],
)
def test_a_price_that_cannot_be_paid(warehouse_url: str, price: str, paid: tuple[Any, ...], flagged: bool) -> None:
    found = flags(warehouse_url, [sale("02T10:00", "cats/1", "0xa", "0xb", price, paid=paid)])
    assert found == ({"cats/1 11-02T10:00": {"impossible_price"}} if flagged else {})


@pytest.mark.parametrize(("raw", "flagged"), [(2**128 - 1, False), (2**128, True)])
def test_a_price_without_rates_that_cannot_be_paid(warehouse_url: str, raw: int, flagged: bool) -> None:
    found = flags(warehouse_url, [sale("02T10:00", "cats/1", "0xa", "0xb", "1", paid=ETH_UNRATED, price_raw=raw)])
    assert found == ({"cats/1 11-02T10:00": {"impossible_price"}} if flagged else {})


def market(day: str, collection: str = "cats", count: int = 10, price: str = "1") -> list[Sale]:
    """Sales of a day at one price, none of which is a suspect."""
    return [
        sale(
            f"{day}T10:{n:02}", f"{collection}/{day}-{n}", f"0xs{day}{collection}{n}", f"0xb{day}{collection}{n}", price
        )
        for n in range(count)
    ]


THREE = [*market("01", "rats", price="0.5"), *market("02"), *market("03", "bats", price="2")]


@pytest.mark.parametrize(
    ("history", "name", "price", "flagged"),
    [
        (market("02"), "cats/odd", "10000", True),
        (market("02"), "cats/odd", "9999.99", False),
        (market("02", count=8), "cats/odd", "10000", False),  # nine prices, its own included
        (market("02", count=9), "cats/odd", "10000", True),
        (market("02", price="0.5"), "cats/odd", "5000", True),
        # the market's usual price is 1 of 0.5, 1 and 2: bats need 20000, rats as much as the market
        (THREE, "bats/odd", "20000", True),
        (THREE, "bats/odd", "19999", False),
        (THREE, "rats/odd", "10000", True),
        (THREE, "rats/odd", "9999", False),
        # a collection without a history of its own is compared with the market alone, ten times as far
        (market("02"), "new/odd", "99999", False),
        (market("02"), "new/odd", "100000", True),
    ],
)
def test_a_price_far_beyond_all_that_was_paid(
    warehouse_url: str, history: list[Sale], name: str, price: str, flagged: bool
) -> None:
    found = flags(warehouse_url, [*history, sale("04T10:00", name, "0xv", "0xw", price)])
    assert {signal for signals in found.values() for signal in signals} == ({"implausible_price"} if flagged else set())


@pytest.mark.parametrize(("day", "flagged"), [("12-02", True), ("12-03", False)])
def test_the_history_is_thirty_days(warehouse_url: str, day: str, flagged: bool) -> None:
    odd = sale(f"{day}T10:00", "cats/odd", "0xv", "0xw", "10000")
    assert bool(flags(warehouse_url, [*market("02"), odd])) == flagged


def test_a_collection_of_the_same_name_on_another_chain_is_another_one(warehouse_url: str) -> None:
    """Without a history of its own it is compared with the market alone, ten times as far."""
    odd = sale("04T10:00", "cats/odd", "0xv", "0xw", "99999", chain="base")
    assert flags(warehouse_url, [*market("02"), odd]) == {}


def test_an_impossible_price_is_none_of_the_days_dollars(warehouse_url: str) -> None:
    token = ("0xusd", "USD", 6, Decimal(1), None)
    day = [sale(f"02T10:0{n}", f"cats/{n}", f"0xs{n}", f"0xb{n}", "20", paid=token) for n in range(9)]
    impossible = sale("02T10:30", "cats/i", "0xs", "0xb", "2000000000000", paid=token)
    odd = sale("02T11:00", "new/odd", "0xv", "0xw", "2000000", paid=token)
    found = flags(warehouse_url, [*day[:8], impossible, odd])
    assert found == {"cats/i 11-02T10:30": {"impossible_price"}}  # nine prices are too few to judge by
    assert set(flags(warehouse_url, day[8:])) == {"cats/i 11-02T10:30", "new/odd 11-02T11:00"}


def test_a_flag_of_another_day_stays_that_is_not_of_the_token(warehouse_url: str) -> None:
    pair = [sale(f"02T1{n}:00", f"cats/{n}", "0xa", "0xb", "1") for n in range(3)]
    before = flags(warehouse_url, pair)
    assert [*before.values()] == [{"same_pair"}] * 3
    assert flags(warehouse_url, [sale("09T10:00", "cats/1", "0xb", "0xc", "1")]) == before


def test_without_an_eth_rate_the_days_dollars_count(warehouse_url: str) -> None:
    token = ("0xusd", "USD", 6, Decimal(1), None)
    day = [sale(f"02T10:0{n}", f"cats/{n}", f"0xs{n}", f"0xb{n}", "20", paid=token) for n in range(10)]
    odd = [sale("02T11:00", f"new/{price}", "0xv", f"0x{price}", price, paid=token) for price in ("1999999", "2000000")]
    assert flags(warehouse_url, [*day, *odd]) == {"new/2000000 11-02T11:00": {"implausible_price"}}


def test_implausible_prices_do_not_depend_on_the_order_of_loading(warehouse_pair: tuple[str, str]) -> None:
    one, other = warehouse_pair
    sales = [
        *market("02"), *market("03", "rats", price="0.01"), *market("04", count=3),
        sale("02T12:00", "cats/big", "0xv", "0xw", "20000"),
        sale("03T12:00", "cats/big", "0xw", "0xx", "15000"),
        sale("05T12:00", "rats/big", "0xv", "0xy", "900"),
        sale("06T12:00", "new/big", "0xv", "0xz", "60000"),
    ]  # fmt: skip
    fill(one, sales)
    shuffled = list(sales)
    Random(7).shuffle(shuffled)
    for number, each in enumerate(shuffled):
        with connected(SecretStr(other)) as connection:
            load(connection, each["source_hour"], [each])
            connection.commit()
        if number % 5 == 0:
            refresh_days(SecretStr(other), log=lambda _: None)
    refresh_days(SecretStr(other), log=lambda _: None)
    assert {"implausible_price"} in stored(one).values()
    assert stored(one) == stored(other)
    assert _marts(one) == _marts(other)


def test_a_later_day_can_make_an_earlier_sale_suspect(warehouse_url: str) -> None:
    there = sale("02T10:00", "cats/1", "0xa", "0xb", "1")
    assert flags(warehouse_url, [there]) == {}
    clean = text("SELECT day, sales_clean FROM mart.collection_daily ORDER BY day")
    with connected(SecretStr(warehouse_url)) as connection:
        assert [row.sales_clean for row in connection.execute(clean)] == [1]
        load(connection, at("09T10:00"), [sale("09T10:00", "cats/1", "0xb", "0xa", "1")])
        connection.commit()
        refresh_days(SecretStr(warehouse_url), log=lambda _: None)
        assert [row.sales_clean for row in connection.execute(clean)] == [0, 0]
    assert stored(warehouse_url) == {"cats/1 11-02T10:00": {"back_and_forth"}, "cats/1 11-09T10:00": {"back_and_forth"}}


def test_the_order_of_loading_leaves_no_trace(warehouse_pair: tuple[str, str]) -> None:
    one, other = warehouse_pair
    sales = [
        *MARKET,
        sale("25T10:00", "cats/1", "0xcarol", "0xbob", "1"),
        sale("26T10:00", "cats/1", "0xbob", "0xcarol", "1"),
    ]
    fill(one, sales)
    shuffled = list(sales)
    Random(7).shuffle(shuffled)
    for each in shuffled:
        fill(other, [each], coverage=())
    assert stored(one) == stored(other)
    assert _marts(one) == _marts(other)


REACH = timedelta(days=30)


def resold(sales: Iterable[Sale]) -> Flags:
    """Work out two signals in the plainest way, each sale from all others."""
    found: Flags = {}
    traded = [each for each in sales if each["seller"] != each["buyer"]]
    for each in traded:
        token = [one for one in traded if one["token_id"] == each["token_id"]]
        near = [one for one in token if abs(one["sold_at"] - each["sold_at"]) <= REACH]
        before = [one for one in near if one["sold_at"] < each["sold_at"]]
        signals = set()
        if any((one["seller"], one["buyer"]) == (each["buyer"], each["seller"]) for one in near):
            signals.add("back_and_forth")
        sold = [one["sold_at"] for one in before if one["seller"] == each["buyer"]]
        bought = [one["sold_at"] for one in before if one["buyer"] == each["buyer"]]
        is_edition = any(one["quantity"] > 1 for one in (*before, each))
        if not is_edition and sold and bought and min(bought) < max(sold):
            signals.add("bought_again")
        if signals:
            found[f"cats/{each['token_id']} {each['sold_at']:%m-%dT%H:%M}"] = signals
    return found


def test_signals_of_months_are_found_in_any_order_of_loading(warehouse_url: str) -> None:
    random = Random(1)
    moments = random.sample([f"{month:02}-{day:02}T10:00" for month in range(6, 12) for day in range(1, 31)], 48)
    wallets = ["0xa", "0xb", "0xc"]
    sales = [
        sale(
            moment, f"cats/{random.randrange(2)}", *random.sample(wallets, 2), "1",
            quantity=2 if random.random() < 0.05 else 1,
        )
        for moment in moments
    ]  # fmt: skip
    for first in range(0, len(sales), 16):
        fill(warehouse_url, sales[first : first + 16], coverage=())
    kept = {name: signals & {"back_and_forth", "bought_again"} for name, signals in stored(warehouse_url).items()}
    assert {name: signals for name, signals in kept.items() if signals} == resold(sales) != {}
    with connected(SecretStr(warehouse_url)) as connection:
        assert set(connection.scalars(text("SELECT sold_at FROM mart.resale"))) == {
            each["sold_at"]
            for each in sales
            if any(
                one["token_id"] == each["token_id"] and one["buyer"] == each["seller"]
                for one in sales
                if one["sold_at"] <= each["sold_at"]
            )
        }


def _marts(url: str) -> list[list[tuple[object, ...]]]:
    with connected(SecretStr(url)) as connection:
        return [
            sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM mart.{table}"))), key=str)
            for table in TABLES
        ]


def test_suspects_of_any_range_are_joined_and_not_looked_up_row_by_row(market_url: str) -> None:
    with connected(SecretStr(market_url)) as connection:
        plan = "\n".join(
            connection.scalars(
                text("EXPLAIN SELECT count(*) FROM mart.sales WHERE is_suspect IS NOT TRUE AND NOT is_implausible")
            )
        )
    assert plan.count("Join") == 1  # one verdict for both
    assert "InitPlan" in plan  # whether any day waits is asked once
    assert "sale_flags" not in plan
