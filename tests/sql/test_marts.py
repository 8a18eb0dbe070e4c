"""The roll-ups: what a load writes at once, what waits until a day is scored, and what a correction undoes."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.sql.market import ETH, ETH_UNRATED, USDC, at, insert, load, refresh, sale, touch
from tidemark.loader.marts import MARTS, refresh_days

CATS = [
    sale("20T10:05", "cats/1", "0xa", "0xb", "1"),
    sale("20T10:10", "cats/2", "0xa", "0xc", "4"),
    sale("20T10:20", "cats/3", "0xb", "0xc", "6000", paid=USDC, quantity=2),
    sale("20T10:30", "cats/4", "0xd", "0xd", "50"),
    sale("20T10:40", "cats/5", None, None, "2", paid=ETH_UNRATED, side="unknown", quantity=None),
]
HOUR = at("20T10:00")
HOURLY = "SELECT * FROM mart.collection_hourly ORDER BY hour, chain, collection_slug"
DAILY = "SELECT * FROM mart.collection_daily ORDER BY day, chain, collection_slug"


def rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    found = [dict(row) for row in connection.execute(text(query)).mappings()]
    connection.commit()
    return found


def score(connection: Connection) -> None:
    connection.commit()
    refresh_days(SecretStr(connection.engine.url.render_as_string(hide_password=False)), log=lambda _: None)


def test_a_load_writes_the_hour_and_leaves_the_score_open(connection: Connection) -> None:
    load(connection, HOUR, CATS)
    # prices of one: 1, 4, 6000 USDC / 2 = 1.5, 50; without a rate: the fifth
    (hour,) = rows(connection, HOURLY)
    assert {name: value for name, value in hour.items() if not name.endswith("_clean")} == {
        "hour": HOUR, "chain": "ethereum", "collection_slug": "cats", "sales": 5, "items": 5, "volume_eth": 58,
        "volume_usd": 116000, "without_eth": 1, "without_usd": 1, "implausible": 0, "buyers": 3, "sellers": 3,
        "low_eth": 1, "median_eth": pytest.approx(1.5), "high_eth": 50,
    }  # fmt: skip
    assert {value for name, value in hour.items() if name.endswith("_clean")} == {None}
    assert rows(connection, DAILY) == []
    assert rows(connection, "SELECT DISTINCT is_suspect FROM mart.sales") == [{"is_suspect": None}]


def test_scoring_the_day_fills_the_clean_twins(connection: Connection) -> None:
    load(connection, HOUR, CATS)
    score(connection)
    (hour,), (day,) = rows(connection, HOURLY), rows(connection, DAILY)
    clean = {"sales_clean": 4, "volume_eth_clean": 8, "volume_usd_clean": 16000, "buyers_clean": 2, "sellers_clean": 2,
             "low_eth_clean": 1, "median_eth_clean": pytest.approx(1.5), "high_eth_clean": 4}  # fmt: skip
    assert {name: hour[name] for name in clean} == clean
    assert {name: day[name] for name in clean} == clean
    assert (day["sales"], day["volume_eth"], day["buyers"], day["median_eth"]) == (5, 58, 3, pytest.approx(1.5))
    suspects = rows(connection, "SELECT token_id, is_suspect FROM mart.sales ORDER BY sold_at")
    assert [row["is_suspect"] for row in suspects] == [False, False, False, True, False]
    assert rows(connection, "SELECT * FROM mart.stale_day") == []


def test_a_price_that_cannot_be_true_is_in_no_amount_also_before_the_day_is_scored(connection: Connection) -> None:
    absurd = sale("20T10:50", "cats/6", "0xe", "0xf", f"{2**256 - 1}e-18", price_raw=2**256 - 1)
    load(connection, HOUR, [*CATS, absurd])
    (hour,) = rows(connection, HOURLY)
    amounts = {"sales": 6, "volume_eth": 58, "volume_usd": 116000, "high_eth": 50, "without_eth": 1, "implausible": 1}
    assert {name: hour[name] for name in amounts} == amounts
    score(connection)
    (hour,), (day,) = rows(connection, HOURLY), rows(connection, DAILY)
    for figures in (hour, day):
        assert {name: figures[name] for name in amounts} == amounts
        assert (figures["sales_clean"], figures["volume_eth_clean"], figures["high_eth_clean"]) == (4, 8, 4)
    (wallet,) = rows(connection, "SELECT bought, spent_eth, implausible FROM mart.wallet_daily WHERE wallet = '0xf'")
    assert wallet == {"bought": 1, "spent_eth": None, "implausible": 1}


def test_a_day_counts_a_wallet_of_two_hours_once(connection: Connection) -> None:
    for hour, each in ((10, CATS[0]), (11, sale("20T11:00", "cats/7", "0xa", "0xb", "2"))):
        load(connection, at(f"20T{hour}:00"), [each])
        connection.commit()
    score(connection)
    (day,) = rows(connection, DAILY)
    assert (day["sales"], day["buyers"], day["sellers"], day["volume_eth"]) == (2, 1, 1, 3)


def test_a_day_that_waits_is_not_scored_by_the_way(connection: Connection) -> None:
    there, back = sale("20T10:00", "cats/1", "0xa", "0xb", "1"), sale("21T10:00", "cats/1", "0xb", "0xa", "1")
    for each in (there, back, sale("21T10:00", "cats/2", "0xc", "0xc", "1")):
        load(connection, each["source_hour"], [each])
        connection.commit()
    for file in sorted(MARTS.glob("daily_*.sql")):  # the first day alone, which flags the second's sale as well
        connection.execute(text(file.read_text()), {"day": at("20T00:00")})
    hourly = "SELECT sales_clean FROM mart.collection_hourly ORDER BY hour"
    assert [row["sales_clean"] for row in rows(connection, hourly)] == [0, None]
    score(connection)
    assert [row["sales_clean"] for row in rows(connection, hourly)] == [0, 0]


def test_a_wallets_day(connection: Connection) -> None:
    load(connection, HOUR, CATS)
    score(connection)
    assert rows(connection, "SELECT * FROM mart.wallet_daily WHERE wallet IN ('0xb', '0xd') ORDER BY wallet") == [
        {"day": HOUR.date(), "chain": "ethereum", "wallet": "0xb", "bought": 1, "sold": 1,
         "spent_eth": 1, "earned_eth": 3, "spent_usd": 2000, "earned_usd": 6000, "implausible": 0, "collections": 1},
        {"day": HOUR.date(), "chain": "ethereum", "wallet": "0xd", "bought": 1, "sold": 1,
         "spent_eth": 50, "earned_eth": 50, "spent_usd": 100000, "earned_usd": 100000, "implausible": 0,
         "collections": 1},
    ]  # fmt: skip


def test_a_sale_that_moves_leaves_its_old_hour_and_day(connection: Connection) -> None:
    moved = sale("20T10:05", "cats/1", "0xa", "0xb", "1", sale_uid=CATS[0]["sale_uid"])
    load(connection, HOUR, [moved])
    score(connection)
    earlier = {**moved, "sold_at": at("19T23:50")}
    connection.execute(text("DELETE FROM core.sale"))
    connection.execute(text("DELETE FROM core.sale_sighting"))
    insert(connection, earlier)
    touch(connection, [moved, earlier])
    refresh(connection, HOUR)
    score(connection)
    assert [row["hour"] for row in rows(connection, HOURLY)] == [at("19T23:00")]
    assert [row["day"].day for row in rows(connection, DAILY)] == [19]
    assert [row["day"].day for row in rows(connection, "SELECT DISTINCT day FROM mart.wallet_daily")] == [19]


def test_sales_without_a_collection_have_a_row_of_their_own(connection: Connection) -> None:
    nameless = [sale(f"20T10:0{minute}", f"x/{minute}", "0xa", "0xb", "1", collection_slug=None) for minute in range(2)]
    load(connection, HOUR, nameless)
    connection.commit()
    load(connection, HOUR, [sale("20T10:09", "x/9", "0xa", "0xb", "1", collection_slug=None)])
    score(connection)
    assert [(row["collection_slug"], row["sales"]) for row in rows(connection, HOURLY) + rows(connection, DAILY)] == [
        (None, 3)
    ] * 2


def test_amounts_in_the_view_are_exact(connection: Connection) -> None:
    largest = 2**256 - 1
    given = sale("20T10:05", "cats/1", "0xa", "0xb", "1", price_raw=largest, marketplace_fee_raw=1, royalty_raw=largest)
    insert(connection, given)
    (row,) = rows(connection, "SELECT marketplace_fee, royalty * 1000000000000000000 AS royalty_raw FROM mart.sales")
    assert (row["marketplace_fee"], row["royalty_raw"]) == (Decimal("1e-18"), largest)


def test_one_slug_on_two_chains_has_two_rows(connection: Connection) -> None:
    here = sale("20T10:05", "cats/1", "0xa", "0xb", "1")
    there = sale("20T10:06", "cats/1", "0xa", "0xc", "2", chain="base")
    load(connection, HOUR, [here, there])
    score(connection)
    for roll_up in (HOURLY, DAILY):
        found = [
            (row["chain"], row["sales"], row["volume_eth"], row["sales_clean"]) for row in rows(connection, roll_up)
        ]
        assert found == [("base", 1, 2, 1), ("ethereum", 1, 1, 1)]


def test_a_change_on_one_chain_leaves_the_other_chains_slug_as_it_was(connection: Connection) -> None:
    load(connection, HOUR, [*CATS, sale("20T10:06", "cats/1", "0xa", "0xc", "2", chain="base")])
    score(connection)
    late = [sale("20T10:59", "cats/7", "0xa", "0xc", "3", chain="base"), sale("20T10:58", "dogs/1", "0xa", "0xc", "3")]
    load(connection, at("20T11:00"), late)
    score(connection)
    for roll_up in (HOURLY, DAILY):
        found = [
            (row["chain"], row["collection_slug"], row["sales"], row["sales_clean"])
            for row in rows(connection, roll_up)
        ]
        assert found == [("base", "cats", 2, 2), ("ethereum", "cats", 5, 4), ("ethereum", "dogs", 1, 1)]


def test_a_sale_with_one_rate_is_missing_in_the_other_only(connection: Connection) -> None:
    in_eth = sale("20T10:05", "cats/1", "0xa", "0xb", "1", paid=(*ETH[:3], None, Decimal(1)))
    in_usd = sale("20T10:06", "cats/2", "0xa", "0xb", "2", paid=(*ETH[:3], Decimal(2000), None))
    load(connection, HOUR, [in_eth, in_usd])
    score(connection)
    for roll_up in (HOURLY, DAILY):
        (row,) = rows(connection, roll_up)
        assert (row["volume_eth"], row["without_eth"], row["volume_usd"], row["without_usd"]) == (1, 1, 4000, 1)
        assert (row["volume_eth_clean"], row["volume_usd_clean"]) == (1, 4000)


def test_a_day_is_scored_without_compiling_a_function_for_each_call(connection: Connection) -> None:
    connection.execute(text("SET LOCAL jit = on"))
    connection.execute(text((MARTS / "daily_0_lock.sql").read_text()), {"day": HOUR})
    assert connection.scalar(text("SHOW jit")) == "off"
    connection.rollback()
