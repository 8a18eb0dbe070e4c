"""The wash-trade signals of sql/marts/daily_1_sale_flags.sql, each at its threshold and just beside it."""

from collections.abc import Iterable
from random import Random

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.sql.market import ETH_UNRATED, MARKET, Sale, at, fill, load, sale
from tidemark.loader.marts.postgres import refresh_days
from tidemark.storage.postgres import connected

Flags = dict[str, set[str]]


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


def test_a_later_day_can_make_an_earlier_sale_suspect(warehouse_url: str) -> None:
    there = sale("02T10:00", "cats/1", "0xa", "0xb", "1")
    assert flags(warehouse_url, [there]) == {}
    clean = text("SELECT day, sales_clean FROM mart.collection_daily ORDER BY day")
    with connected(SecretStr(warehouse_url)) as connection:
        assert [row.sales_clean for row in connection.execute(clean)] == [1]
        load(connection, at("09T10:00"), [sale("09T10:00", "cats/1", "0xb", "0xa", "1")])
        connection.commit()
        refresh_days(SecretStr(warehouse_url), say=lambda _: None)
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


def _marts(url: str) -> list[list[tuple[object, ...]]]:
    with connected(SecretStr(url)) as connection:
        return [
            sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM mart.{table}"))), key=str)
            for table in ("collection_hourly", "collection_daily", "wallet_daily", "sale_flags", "stale_day")
        ]
