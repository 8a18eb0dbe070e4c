"""Every question of sql/queries/, asked of the market in tests/sql/market.py; the answers are counted by hand."""
# ruff: noqa: E501  (tables are read whole)

import subprocess
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from random import Random

import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.sql import test_market_questions
from tests.sql.market import ETH_UNRATED, at, fees, fill, load, sale
from tidemark.loader.marts import refresh_days
from tidemark.local.services.postgres import programs
from tidemark.query.answer import shown
from tidemark.query.parquet import as_parquet
from tidemark.query.postgres import ask
from tidemark.query.question import QUERIES, question, questions
from tidemark.storage.postgres import connected

AMOUNTS = ("spent_eth", "earned_eth", "moved_eth")
MOMENTS = {"from": "'2026-11-01Z'", "to": "'2026-11-30Z'"}
Expect = Callable[..., None]
FLAGGED = """
WITH flagged AS (
    INSERT INTO mart.sale_flags
    SELECT sale_uid, 'same_pair', 1, true, sold_at FROM core.sale WHERE sold_at = :sold_at
    RETURNING sale_uid
)
INSERT INTO mart.suspect_sale SELECT sale_uid, false FROM flagged
"""


@pytest.fixture
def expect(market_url: str) -> Expect:
    """Ask a question of the market and compare: the first line names the columns that are looked at."""

    def expected(name: str, table: str, **given: str) -> None:
        columns, *rows = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
        answer = ask(SecretStr(market_url), question(name), {key.rstrip("_"): value for key, value in given.items()})
        places = [answer.columns.index(column) for column in columns]
        assert [[shown(row[place]) or "-" for place in places] for row in answer.rows] == rows

    return expected


def test_daily_volume(expect: Expect) -> None:
    # Friday: cats 1 + 2 + 1.5, 2000 USDC = 1 ETH, 5 SOL without a rate
    # Saturday: cats 1 + 1 + 1.2 + 50, apes 3 + 3 + 0, 0.9 without a rate
    # suspected: the 50 to oneself, and 3 and 3 back and forth
    expect("daily_volume", """
        day        | sales | volume_eth | volume_usd | volume_eth_clean | without_eth | without_usd
        2026-11-20 | 5     | 5.5        | 11,000     | 5.5              | 1           | 1
        2026-11-21 | 8     | 59.2       | 118,400    | 3.2              | 1           | 1
    """)  # fmt: skip
    expect("daily_volume", "sales\n 3", collection="cats", to="2026-11-20")
    expect("daily_volume", "sales\n 1", chain="base", from_="2026-11-20T12", to="2026-11-20T12")
    expect("daily_volume", "sales\n 3", to="2026-11-20T11")


def test_hourly_volume(expect: Expect) -> None:
    # Friday at 10: cats 1 + 2; at 11: 1.5; at 12: 2000 USDC = 1 ETH, and 5 SOL without a rate
    expect("hourly_volume", """
        hour                | sales | volume_eth | volume_usd | volume_eth_clean | without_eth | without_usd
        2026-11-20 10:00:00 | 2     | 3          | 6,000      | 3                | 0           | 0
        2026-11-20 11:00:00 | 1     | 1.5        | 3,000      | 1.5              | 0           | 0
        2026-11-20 12:00:00 | 2     | 1          | 2,000      | 1                | 1           | 1
    """, to="2026-11-20")  # fmt: skip
    expect("hourly_volume", "hour | sales\n 2026-11-21 10:00:00 | 4", collection="cats", from_="2026-11-21",
           to="2026-11-21T13")  # fmt: skip


def test_collection_volume(expect: Expect) -> None:
    # cats 1 + 2 + 1.5 + 1 + 1 + 1.2 + 50 = 57.7, apes 6, dogs 1: 64.7 together
    expect("collection_volume", """
        chain    | collection | sales | volume_eth | volume_usd | share_percent | volume_eth_clean | low_eth | high_eth | without_eth
        ethereum | cats       | 8     | 57.7       | 115,400    | 89.18         | 7.7              | 1       | 50       | 1
        ethereum | apes       | 3     | 6          | 12,000     | 9.27          | 0                | 0       | 3        | 0
        base     | dogs       | 1     | 1          | 2,000      | 1.55          | 1                | 0.1     | 0.1      | 0
        solana   | fish       | 1     | -          | -          | -             | -                | -       | -        | 1
    """)  # fmt: skip
    expect("collection_volume", "collection\n cats\n apes", limit="2")


def test_top_sales(expect: Expect) -> None:
    expect("top_sales", """
        token_id | price_usd | is_suspect
        9        | 100,000   | yes
        1        | 6,000     | yes
        1        | 6,000     | yes
        2        | 4,000     | no
    """, limit="4")  # fmt: skip
    # what has no rate comes last
    expect("top_sales", "token\n ETH\n WETH\n ETH\n USDC\n SOL", to="2026-11-20")


def test_lowest_sales(expect: Expect) -> None:
    # Friday's cats: 1 and 2, for 1.5 was an offer. Saturday's: 1, 1 and 1.2, for 50 is a wash trade and 0.9 has no rate
    expect("lowest_sales", """
        day        | sales | low_eth | p10_eth | median_eth
        2026-11-20 | 2     | 1       | 1       | 1
        2026-11-21 | 3     | 1       | 1       | 1
    """, collection="cats")  # fmt: skip
    # of ten dogs for 1 ETH one costs a tenth; the apes were private, an offer and a gift
    expect("lowest_sales", "low_eth\n 0.1", collection="dogs")
    expect("lowest_sales", "low_eth", collection="apes")


def test_buyers_and_sellers(expect: Expect) -> None:
    # Friday bob, carol and erin bought, alice, bob and dave sold
    # Saturday frank, gina, bob, alice and ivan bought, alice, dave, gina, bob and heidi sold
    expect("buyers_and_sellers", """
        day        | sales | buyers | sellers | bought_and_sold | without_wallets
        2026-11-20 | 5     | 3      | 3       | 1               | 1
        2026-11-21 | 8     | 5      | 5       | 3               | 0
    """)  # fmt: skip
    expect("buyers_and_sellers", "buyers | sellers | without_wallets\n 0 | 0 | 1", collection="fish")
    # a part of each day, and no row for a day without sales
    expect("buyers_and_sellers", """
        day        | sales | buyers | sellers | bought_and_sold | without_wallets
        2026-11-20 | 3     | 2      | 2       | 0               | 1
        2026-11-21 | 4     | 2      | 3       | 1               | 0
    """, from_="2026-11-20T11", to="2026-11-21T10")  # fmt: skip
    expect("buyers_and_sellers", "day\n 2026-11-20\n 2026-11-21", from_="2026-11-18", to="2026-11-25")


def test_payment_tokens(expect: Expect) -> None:
    # ETH: cats 1 + 2 + 1 + 1 + 1.2 + 50 + 0.9 and apes 3 + 0, the 0.9 without a rate
    expect("payment_tokens", """
        chain    | token | sales | share_percent | volume | volume_eth | volume_usd | without_usd
        ethereum | ETH   | 9     | 69.23         | 60.1   | 59.2       | 118,400    | 1
        ethereum | WETH  | 2     | 15.38         | 4.5    | 4.5        | 9,000      | 0
        base     | USDC  | 1     | 7.69          | 2,000  | 1          | 2,000      | 0
        solana   | SOL   | 1     | 7.69          | 5      | -          | -          | 1
    """)  # fmt: skip


def test_chains(expect: Expect) -> None:
    # dollars: 127,400 of 129,400 on ethereum
    expect("chains", """
        chain    | sales | sales_percent | volume_eth | volume_usd | volume_percent | collections | without_eth | without_usd
        ethereum | 11    | 84.62         | 63.7       | 127,400    | 98.45          | 2           | 1           | 1
        base     | 1     | 7.69          | 1          | 2,000      | 1.55           | 1           | 0           | 0
        solana   | 1     | 7.69          | -          | -          | -              | 1           | 1           | 1
    """)  # fmt: skip


def test_sweeps(expect: Expect) -> None:
    expect("sweeps", "buyer")  # five or more by default
    expect("sweeps", """
        sold_at             | transaction_hash | buyer   | sales | collections | sellers | volume_eth | volume_usd | without_eth
        2026-11-21 10:00:00 | 0xsweep          | 0xfrank | 3     | 1           | 2       | 3.2        | 6,400      | 0
    """, least="3")  # fmt: skip


def test_wallet_history(expect: Expect) -> None:
    expect("wallet_history", """
        sold_at             | did    | collection | token_id | other_wallet | price_eth | signals
        2026-11-21 12:00:00 | sold   | apes       | 1        | 0xalice      | 3         | back_and_forth
        2026-11-21 11:00:00 | bought | apes       | 1        | 0xalice      | 3         | back_and_forth
        2026-11-20 11:00:00 | sold   | cats       | 1        | 0xcarol      | 1.5       | -
        2026-11-20 10:20:00 | bought | cats       | 2        | 0xalice      | 2         | -
        2026-11-20 10:05:00 | bought | cats       | 1        | 0xalice      | 1         | -
    """, wallet="0xBob")  # fmt: skip
    expect("wallet_history", "did\n bought\n sold", wallet="0xgina")


def test_latency(expect: Expect) -> None:
    # sent after 3 s, received 1 s later, loaded 60 s after the sale; the Events API's sale at 14:00 is left out
    expect("latency", """
        hour                | sales | sold_to_sent_p50_s | sent_to_received_p50_s | received_to_loaded_p50_s | total_p50_s | total_p99_s
        2026-11-21 10:00:00 | 4     | 3                  | 1                      | 56                       | 60          | 60
        2026-11-21 11:00:00 | 1     | 3                  | 1                      | 56                       | 60          | 60
        2026-11-21 12:00:00 | 1     | 3                  | 1                      | 56                       | 60          | 60
        2026-11-21 13:00:00 | 1     | 3                  | 1                      | 56                       | 60          | 60
    """, from_="2026-11-21T10")  # fmt: skip


def test_wash_trades(expect: Expect) -> None:
    # 50 ETH is 50 times the median, but four priced cats on a day are too few to score a price by
    expect("wash_trades", """
        collection | sales | suspect_sales | suspect_percent | suspect_volume_eth | suspect_volume_percent | self_trade | back_and_forth
        cats       | 8     | 1             | 12.5            | 50                 | 86.66                  | 1          | 0
        apes       | 3     | 2             | 66.67           | 6                  | 100                    | 0          | 2
    """)  # fmt: skip
    expect("wash_trades", "bought_again | same_pair | price_outlier\n 0 | 0 | 0", collection="cats")


def test_buyer_concentration(expect: Expect) -> None:
    # eight cats: frank bought 3 for 3.2, bob 2 for 3, gina 1 for 50, carol 1 for 1.5, ivan 1 without a rate
    expect("buyer_concentration", """
        rank | buyer   | purchases | items | spent_eth | percent | cumulative_percent
        1    | 0xfrank | 3         | 3     | 3.2       | 37.5    | 37.5
        2    | 0xbob   | 2         | 2     | 3         | 25      | 62.5
        3    | 0xgina  | 1         | 1     | 50        | 12.5    | 75
        4    | 0xcarol | 1         | 1     | 1.5       | 12.5    | 87.5
        5    | 0xivan  | 1         | 1     | -         | 12.5    | 100
    """, collection="cats")  # fmt: skip


def test_royalties(expect: Expect) -> None:
    # 0.05 + 0.1 + 0.075 of 1 + 2 + 1.5
    expect("royalties", """
        chain    | collection | sales | sales_with_royalty_known | royalty_eth | royalty_usd | percent
        ethereum | cats       | 8     | 3                        | 0.225       | 450         | 5
    """)  # fmt: skip


def test_marketplace_fees(expect: Expect) -> None:
    # 0.025 + 0.05 + 0.0375 of 1 + 2 + 1.5; on Saturday no order shows one
    expect("marketplace_fees", """
        day        | sales | sales_with_fee_known | fee_eth | fee_usd | percent
        2026-11-20 | 5     | 3                    | 0.1125  | 225     | 2.5
        2026-11-21 | 8     | 0                    | -       | -       | -
    """)  # fmt: skip


def test_flips(expect: Expect) -> None:
    # bob bought cats/1 for 1 and sold it 55 minutes later for 1.5 less 0.0375 and 0.075; apes/1 went back for what it had cost
    expect("flips", """
        wallet | collection | bought_at           | held_hours | bought_eth | sold_eth | profit_eth
        0xbob  | cats       | 2026-11-20 10:05:00 | 0.92       | 1          | 1.5      | 0.3875
        0xbob  | apes       | 2026-11-21 11:00:00 | 1          | 3          | 3        | 0
    """, from_="2026-11-20")  # fmt: skip
    expect("flips", "wallet", from_="2026-11-20", wallet="0xCarol")


def test_flips_sell_each_purchase_once_and_the_oldest_first(warehouse_url: str) -> None:
    fill(warehouse_url, [
        sale("20T08:00", "pass/7", "0xw", "0xz", "9"),  # given to w, who never bought it
        sale("20T09:00", "pass/7", "0xa", "0xw", "5", quantity=5),
        sale("20T10:00", "pass/7", "0xb", "0xw", "10", quantity=5),
        sale("20T11:00", "pass/7", "0xw", "0xc", "21", quantity=7, **fees("0.7", "1.4")),
        sale("20T12:00", "pass/7", "0xw", "0xd", "3", quantity=3),
        sale("20T13:00", "pass/7", "0xw", "0xe", "9"),  # the tenth was the last that w had bought
        sale("20T14:00", "cats/1", "0xa", "0xw", "1"),
        sale("20T15:00", "cats/1", "0xw", "0xa", "2"),
        sale("20T16:00", "cats/1", "0xw", "0xa", "4"),  # sold again without a purchase in between
    ])  # fmt: skip
    answer = ask(SecretStr(warehouse_url), question("flips"), {"from": "2026-11-20T09"})
    names = ("collection", "quantity", "bought_eth", "sold_eth", "profit_eth")
    # of the seven for 3 each, fees of 0.3 each: five had cost 1, two had cost 2; then three more of those for 1 each
    assert [list(map(shown, row)) for row in zip(*map(answer.column, names), strict=True)] == [
        ["pass", "5", "1", "3", "8.5"],
        ["pass", "2", "2", "3", "1.4"],
        ["cats", "1", "1", "2", "1"],
        ["pass", "3", "2", "1", "-3"],
    ]


def test_flips_of_scored_days_are_found_by_mart_resale(warehouse_url: str) -> None:
    fill(warehouse_url)
    url, given = SecretStr(warehouse_url), {"from": "2026-11-20"}
    scored = ask(url, question("flips"), given).rows
    assert len(scored) == 2
    with connected(url) as connection:
        connection.execute(text("DELETE FROM mart.resale"))
        connection.commit()
        assert ask(url, question("flips"), given).rows == []  # so it is from there that they are known
        # while the first day waits, what a day knows may lack a purchase of that one
        connection.execute(text("INSERT INTO mart.stale_day (day) VALUES ('2026-11-20')"))
        connection.commit()
        assert ask(url, question("flips"), given).rows == scored
        connection.execute(text("DELETE FROM mart.stale_day; DELETE FROM mart.market_daily"))
        connection.commit()
    assert ask(url, question("flips"), given).rows == scored


def test_flips_do_not_depend_on_the_order_in_which_days_are_loaded_and_scored(warehouse_url: str) -> None:
    bought, between, sold = (
        sale("18T10:00", "cats/1", "0xa", "0xw", "1"),
        sale("19T10:00", "cats/2", "0xa", "0xb", "1"),
        sale("20T10:00", "cats/1", "0xw", "0xb", "3"),
    )
    url, given = SecretStr(warehouse_url), {"from": "2026-11-20"}
    fill(warehouse_url, [sold], coverage=())
    assert ask(url, question("flips"), given).rows == []
    with connected(url) as connection:
        load(connection, bought["source_hour"], [bought])
        connection.commit()
    found = ask(url, question("flips"), given)
    assert list(map(shown, found.column("profit_eth"))) == ["2"]
    fill(warehouse_url, [between], coverage=())
    assert ask(url, question("flips"), given).rows == found.rows
    with connected(url) as connection:
        assert connection.scalar(text("SELECT count(*) FROM mart.stale_day")) == 0
        assert connection.scalar(text("SELECT count(*) FROM mart.resale")) == 1
        connection.execute(text("DELETE FROM core.sale_row WHERE sold_at >= '2026-11-20Z'"))
        assert connection.scalar(text("SELECT count(*) FROM mart.resale")) == 0


def test_purchases_are_looked_up_for_the_hours_that_a_load_changed(warehouse_url: str) -> None:
    fill(warehouse_url)
    url = SecretStr(warehouse_url)

    def found_again(source_hour: str) -> int | None:
        with connected(url) as connection:
            mark = text(f"INSERT INTO mart.stale_day (day, source_hour) VALUES ('2026-11-20', {source_hour})")
            connection.execute(text("DELETE FROM mart.resale"))
            connection.execute(mark)
            connection.commit()
            refresh_days(url, log=lambda _: None)
            return connection.scalar(text("SELECT count(*) FROM mart.resale"))

    assert [found_again(hour) for hour in ("'2026-11-20T12:00Z'", "'2026-11-20T11:00Z'", "NULL")] == [0, 1, 1]


@pytest.mark.parametrize("seed", range(3))
def test_flips_are_the_same_whether_days_are_scored_or_not(warehouse_url: str, seed: int) -> None:
    random = Random(seed)
    moments = [f"{day}T{hour:02}:{minute:02}" for day in (18, 19, 20) for hour in (9, 10) for minute in range(10)]
    rows = [
        sale(
            random.choice(moments), f"cats/{random.randrange(3)}", *random.sample(["0xa", "0xb", "0xc"], 2),
            str(random.randrange(1, 9)), transaction_hash=f"0x{number}",
        )
        for number in range(60)
    ]  # fmt: skip
    url, given = SecretStr(warehouse_url), {"from": "2026-11-18", "limit": "1000"}
    for part in (rows[::2], rows[1::2]):  # the second reaches back before days that are scored
        fill(warehouse_url, part, coverage=())
    scored = ask(url, question("flips"), given).rows
    with connected(url) as connection:
        connection.execute(text("DELETE FROM mart.resale; INSERT INTO mart.stale_day (day) VALUES ('2026-11-18')"))
        connection.commit()
    assert ask(url, question("flips"), given).rows == scored != []


@pytest.mark.parametrize(("name", "amounts"), [
    ("buyer_concentration", ["spent_eth"]), ("chains", ["volume_eth", "volume_usd"]), ("collection_volume", ["volume_eth", "high_eth"]),
    ("daily_volume", ["volume_eth", "volume_usd", "volume_eth_clean"]), ("heat_map", ["volume_eth", "volume_usd"]),
    ("marketplace_fees", ["fee_eth", "fee_usd", "percent"]), ("offers_and_listings", ["listings_eth", "listing_median_eth"]),
    ("payment_tokens", ["volume", "volume_eth", "volume_usd"]), ("royalties", ["royalty_eth", "royalty_usd", "percent"]),
    ("sweeps", ["volume_eth", "volume_usd"]), ("whales", ["spent_eth", "moved_eth"]), ("wash_trades", ["suspect_volume_eth"]),
    ("top_sales", ["price_eth"]), ("price_distribution", ["sum_of_prices_eth"]), ("lowest_sales", ["median_eth"]), ("flips", ["profit_eth"]),
])  # fmt: skip
def test_a_price_that_cannot_be_true_is_in_no_answer_and_counted_beside(
    warehouse_url: str, name: str, amounts: list[str]
) -> None:
    honest = [
        sale(f"20T10:0{n}", f"cats/{n}", "0xs", "0xb", "1", transaction_hash="0xsweep", **fees("0.025", "0.05"))
        for n in range(5)
    ]
    back = sale("20T12:00", "cats/0", "0xb", "0xs", "2", **fees("0.025", "0.05"))  # with the first a back and forth
    absurd = sale("20T11:00", "cats/1", "0xb", "0xc", f"{2**256 - 1}e-18", price_raw=2**256 - 1, **fees("1e50", "1e50"))
    fill(warehouse_url, [*honest, back, absurd])
    given = {"collection": "cats"} if "collection" in {each.name for each in question(name).parameters} else {}
    answer = ask(SecretStr(warehouse_url), question(name), given | ({"from": "2026-11-20"} if name == "flips" else {}))
    found = [value for column in amounts for value in answer.column(column) if value is not None]
    assert found
    assert all(abs(Decimal(str(value))) < 100_000 for value in found)
    if name not in ("top_sales", "price_distribution", "lowest_sales", "flips", "sweeps"):
        assert sum(map(int, map(str, answer.column("implausible")))) == (2 if name == "whales" else 1)


@pytest.mark.parametrize("name", ["top_sales", "buyers_and_sellers", "payment_tokens", "wash_trades", "flips"])
def test_a_sale_received_a_day_and_a_month_before_is_found(warehouse_url: str, name: str) -> None:
    # the latest that a load takes: 25 hours after its hour began, as tidemark/loader/transform/segment.py has it
    sold = at("12-01T00:00") + timedelta(hours=24)
    early = {"sold_at": sold, "source_hour": at("30T23:00"), "received_at": at("30T23:59"), "sent_at": at("30T23:59")}
    bought = sale("12-01T00:00", "cats/1", "0xa", "0xw", "1")
    fill(warehouse_url, [bought, sale("12-02T00:00", "cats/1", "0xw", "0xw2", "2") | early], coverage=())
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text(FLAGGED), {"sold_at": sold})
        connection.commit()
    for scored in (True, False):
        assert len(ask(SecretStr(warehouse_url), question(name), {"from": "2026-12-02", "to": "2026-12-02"}).rows) == 1
        if scored and name != "wash_trades":
            with connected(SecretStr(warehouse_url)) as connection:
                connection.execute(text("INSERT INTO mart.stale_day (day) VALUES ('2026-12-02')"))
                connection.commit()


AROUND = {"before": -1, "first": 0, "last": 3_599_999_999, "after": 3_600_000_000}  # microseconds after 10:00


@pytest.mark.parametrize(("name", "count"), [
    ("buyer_concentration", "purchases"), ("buyers_and_sellers", "sales"), ("chains", "sales"), ("collection_volume", "sales"),
    ("daily_volume", "sales"), ("flips", ""), ("lowest_sales", "sales"), ("heat_map", "sales"), ("latency", "sales"),
    ("marketplace_fees", "sales"), ("offers_and_listings", "listings"), ("payment_tokens", "sales"), ("price_distribution", "sales"),
    ("royalties", "sales"), ("sweeps", ""), ("top_sales", ""), ("wallet_history", ""), ("wash_trades", "sales"), ("whales", "sold"),
])  # fmt: skip
def test_the_first_moment_is_included_and_the_first_after_the_last_is_not(
    warehouse_url: str, name: str, count: str
) -> None:
    parties = {"maker": "0xw", "taker": "0xw"} if name == "wash_trades" else {}  # each a suspect

    def moved(token: str, microseconds: int) -> dict[str, object]:
        at_ = at("20T10:00") + timedelta(microseconds=microseconds)
        hour = at_.replace(minute=0, second=0, microsecond=0)
        return sale("20T10:00", f"cats/{token}", "0xw", f"0x{token}", "2", **parties, **fees("0.025", "0.05")) | {
            "sold_at": at_, "source_hour": hour, "sent_at": at_, "received_at": at_,
        }  # fmt: skip

    bought = [sale("19T10:00", f"cats/{token}", "0xa", "0xw", "1") for token in AROUND]
    fill(warehouse_url, [*bought, *(moved(token, microseconds) for token, microseconds in AROUND.items())])
    given = (
        {"from": "2026-11-20", "to": "2026-11-20"}
        if name == "whales"
        else {"from": "2026-11-20T10", "to": "2026-11-20T10"}
    )
    names = {each.name for each in question(name).parameters}
    if "collection" in names:
        given["collection"] = "cats"
    if "wallet" in names:
        given["wallet"] = "0xw"
    if "least" in names:
        given["least"] = "1"
    answer = ask(SecretStr(warehouse_url), question(name), given)
    total = sum(map(int, map(str, answer.column(count)))) if count else len(answer.rows)
    if name == "whales":  # of whole days: all four, and nothing of the day before
        assert total == 4
        assert (
            ask(SecretStr(warehouse_url), question(name), given | {"from": "2026-11-21", "to": "2026-11-21"}).rows == []
        )
    else:
        assert total == 2


def test_heat_map(expect: Expect) -> None:
    # 20 November 2026 is a Friday
    expect("heat_map", """
        weekday | hour | sales | volume_eth
        Fri     | 10   | 2     | 3
        Fri     | 11   | 1     | 1.5
        Fri     | 12   | 2     | 1
        Sat     | 10   | 4     | 53.2
        Sat     | 11   | 1     | 3
        Sat     | 12   | 1     | 3
        Sat     | 13   | 1     | 0
        Sat     | 14   | 1     | -
    """)  # fmt: skip


def test_price_distribution(expect: Expect) -> None:
    # the gift; a dog for 0.1; cats for 1, 1.5, 1, 1 and 1.2; a cat for 2 and apes for 3 and 3; the cat for 50
    expect("price_distribution", """
        from_eth | to_eth   | sales | percent | sum_of_prices_eth
        0        | 0.000001 | 1     | 9.09    | 0
        0.1      | 0.2      | 1     | 9.09    | 0.1
        1        | 2        | 5     | 45.45   | 5.7
        2        | 5        | 3     | 27.27   | 8
        50       | 100      | 1     | 9.09    | 50
    """)  # fmt: skip


def test_hour_quality(expect: Expect) -> None:
    # a covered the first hour and b 45 minutes of it; the sale of 10:05 was a's alone, that of 10:20 b's alone
    expect("hour_quality", """
        hour                | covered_percent | covered_twice_percent | sales | seen_by  | missed_estimate
        2026-11-20 10:00:00 | 100             | 75                    | 2     | a 1, b 1 | 0
    """, to="2026-11-20T10")  # fmt: skip
    expect("hour_quality", """
        hour                | covered_percent | sales | recovered | seen_by | missed_estimate
        2026-11-21 14:00:00 | 0               | 1     | 1         | -       | -
    """, from_="2026-11-21T14")  # fmt: skip


def test_offers_and_listings(expect: Expect) -> None:
    # Friday's listings: 1, 2 and a tenth for one dog. Saturday's: 1, 1, 1.2, 50, 3, 0 and 0.9 without a rate
    expect("offers_and_listings", """
        day        | listings | offers | unknown | offer_percent | listings_eth | offers_eth | listing_median_eth | offer_median_eth
        2026-11-20 | 3        | 1      | 1       | 25            | 4            | 1.5        | 1                  | 1.5
        2026-11-21 | 7        | 1      | 0       | 12.5          | 56.2         | 3          | 1                  | 3
    """)  # fmt: skip


def test_whales(expect: Expect) -> None:
    # gina moved 50 + 50; bob bought for 1 + 2 + 3 and sold for 1.5 + 3; alice bought for 3 and sold for 1 + 2 + 1 + 3
    expect("whales", """
        wallet  | bought | sold | spent_eth | earned_eth | moved_eth | moved_usd | days
        0xgina  | 1      | 1    | 50        | 50         | 100       | 200,000   | 1
        0xbob   | 3      | 2    | 6         | 4.5        | 10.5      | 21,000    | 2
        0xalice | 1      | 4    | 3         | 7          | 10        | 20,000    | 2
    """, limit="3")  # fmt: skip


def test_what_is_unknown_is_not_zero(warehouse_url: str) -> None:
    unknown = {"side": "unknown", "transaction_hash": "0xsweep"}
    fill(warehouse_url, [
        sale("21T14:00", "cats/6", "0xheidi", "0xivan", "0.9", paid=ETH_UNRATED),
        sale("21T10:00", "apes/3", "0xalice", "0xfrank", "1", **unknown),
        sale("21T10:00", "apes/4", "0xdave", None, "1", **unknown),
        sale("21T10:00", "apes/5", "0xdave", None, "1.2", **unknown),
    ])  # fmt: skip
    whales = ask(SecretStr(warehouse_url), question("whales"), {})
    moved = dict(zip(whales.column("wallet"), zip(*map(whales.column, AMOUNTS), strict=True), strict=True))
    assert moved["0xivan"] == (None, 0, None)
    assert moved["0xheidi"] == (0, None, None)
    assert moved["0xfrank"] == (1, 0, 1)
    assert ask(SecretStr(warehouse_url), question("sweeps"), {"least": "3"}).rows == []


def test_a_day_with_an_hour_that_is_not_scored_is_not_scored(warehouse_url: str) -> None:
    fill(warehouse_url, [sale("21T10:00", "cats/1", "0xa", "0xa", "5")])  # suspected: of the rest nothing is left
    with connected(SecretStr(warehouse_url)) as connection:
        load(connection, at("21T11:00"), [sale("21T11:00", "cats/2", "0xa", "0xb", "1")])
        connection.commit()
    for name in ("daily_volume", "collection_volume"):
        assert ask(SecretStr(warehouse_url), question(name), {}).column("volume_eth_clean") == [None]
    refresh_days(SecretStr(warehouse_url), log=lambda _: None)
    for name in ("daily_volume", "collection_volume"):
        assert ask(SecretStr(warehouse_url), question(name), {}).column("volume_eth_clean") == [1]


def test_days_that_wait_to_be_scored_are_left_out_and_named(warehouse_url: str) -> None:
    url = SecretStr(warehouse_url)
    fill(warehouse_url, [
        sale("20T10:00", "cats/1", "0xa", "0xa", "1"),
        sale("20T11:00", "cats/2", "0xs", "0xb", "1"),
        sale("21T10:00", "cats/3", "0xs", "0xa", "1"),
    ])  # fmt: skip
    with connected(url) as connection:
        load(connection, at("21T11:00"), [sale("21T11:00", "cats/4", "0xs", "0xa", "100")])
        connection.commit()
    both, new = {"from": "2026-11-20", "to": "2026-11-21"}, {"from": "2026-11-21", "to": "2026-11-21"}
    said = "Sales of 2026-11-21 are not scored yet, which the DAG daily_marts does: "

    whales = ask(url, question("whales"), both)
    assert dict(zip(whales.column("wallet"), whales.column("moved_eth"), strict=True)) == {"0xa": 2, "0xb": 1, "0xs": 1}
    wash_trades = ask(url, question("wash_trades"), both)
    assert (wash_trades.column("sales"), wash_trades.column("suspect_percent")) == ([2], [50])
    assert whales.lacks == wash_trades.lacks == f"{said}this answer is without them."
    for name in ("whales", "wash_trades"):
        answer = ask(url, question(name), new)
        assert answer.rows == []
        assert "none holds such a sale of a scored day." in answer.why_empty
        assert answer.lacks == f"{said}this answer is without them."
    lowest = ask(url, question("lowest_sales"), {**both, "collection": "cats"})
    assert lowest.lacks == f"{said}their suspects are not known and not left out."
    assert ask(url, question("top_sales"), both).lacks == ""
    with connected(url) as connection:
        for day in ("2026-11-19", "2026-11-20", "2026-11-20", "2026-11-22"):
            connection.execute(text("INSERT INTO mart.stale_day (day) VALUES (:day)"), {"day": day})
        connection.commit()
    several = "Sales of 2 days from 2026-11-20 to 2026-11-21 are not scored yet"
    assert ask(url, question("whales"), both).lacks.startswith(several)

    refresh_days(url, log=lambda _: None)
    whales = ask(url, question("whales"), both)
    assert (whales.column("moved_eth"), whales.lacks) == ([103, 102, 1], "")
    assert ask(url, question("wash_trades"), new).lacks == ""


def test_a_transaction_of_two_wallets_has_a_sweep_of_each(warehouse_url: str) -> None:
    bought = [("0xa", 3), ("0xb", 2), ("0xc", 1)]
    fill(warehouse_url, [
        sale("21T10:00", f"cats/{buyer}{number}", "0xs", buyer, "1", transaction_hash="0xsweep")
        for buyer, count in bought for number in range(count)
    ])  # fmt: skip
    found = ask(SecretStr(warehouse_url), question("sweeps"), {"least": "2"})
    assert (found.column("buyer"), found.column("sales")) == (["0xa", "0xb"], [3, 2])


def test_a_sale_to_oneself_is_no_purchase(warehouse_url: str) -> None:
    fill(warehouse_url, [
        sale("21T10:00", "cats/1", "0xs", "0xa", "1"),
        sale("21T10:10", "cats/1", "0xa", "0xa", "50"),
        sale("21T10:20", "cats/1", "0xa", "0xb", "2"),
    ])  # fmt: skip
    assert ask(SecretStr(warehouse_url), question("flips"), {}).column("profit_eth") == [1]


@pytest.mark.parametrize("name", [each.name for each in questions()])
def test_a_question_runs_in_psql_too(market_url: str, name: str) -> None:
    values = {"integer": "20", "text": "'x'"}
    variables = (f"{each.name}={values.get(each.type) or MOMENTS[each.name]}" for each in question(name).parameters)
    given = [word for variable in variables for word in ("-v", variable)]
    file = QUERIES / f"{name}.sql"
    command = [programs() / "psql", "-v", "ON_ERROR_STOP=1", *given, "-f", file, market_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "row" in done.stdout


@pytest.mark.parametrize("name", [each.name for each in questions()])
def test_a_question_writes_files_of_the_same_types_whatever_it_finds(
    market_url: str, warehouse_url: str, name: str
) -> None:
    given = {
        "collection": "cats",
        "wallet": "0xbob",
        "contract": "0xcats",
        "token": "1",
        "from": "2026-11-01",
        "to": "2026-11-30",
    }
    asked = {key: value for key, value in given.items() if key in {each.name for each in question(name).parameters}}
    full, empty = (ask(SecretStr(url), question(name), asked) for url in (market_url, warehouse_url))
    schemas = [pq.read_schema(BytesIO(as_parquet(answer))) for answer in (full, empty)]
    assert schemas[0] == schemas[1]
    assert set(question(name).kinds) <= set(full.columns)


def test_every_question_has_a_test_here() -> None:
    assert {f"test_{each.name}" for each in questions()} <= {*globals(), *vars(test_market_questions)}
    assert len(questions()) == 33
