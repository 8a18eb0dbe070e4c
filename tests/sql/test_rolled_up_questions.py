"""Questions that read a scored day from a roll-up: their answers are those of single sales, which they do not touch."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.sql.market import ETH, ETH_UNRATED, SOL_UNRATED, USDC, WETH, Sale, at, fees, fill, sale
from tidemark.query.parameter import values_of
from tidemark.query.postgres import SESSION, ask
from tidemark.query.question import question, questions
from tidemark.storage.postgres import connected

# each with its roll-up, and with what of it is added up
ADDED_UP = {
    "buyers_and_sellers": ("market_daily", "sales"),
    "marketplace_fees": ("market_daily", "sales"),
    "offers_and_listings": ("market_daily", "listings"),
    "payment_tokens": ("payment_token_daily", "sales"),
    "price_distribution": ("price_range_daily", "sales"),
    "royalties": ("collection_royalty_daily", "sales"),
    "sweeps": ("sweep_daily", "sales"),
}
ROLL_UPS = (*ADDED_UP, "top_sales")
NAMELESS_COIN = (None, None, 18, Decimal(2000), Decimal(1))
PAID = [ETH, ETH, WETH, USDC, ETH_UNRATED, SOL_UNRATED, NAMELESS_COIN, (ETH[0], "Ether", *ETH[2:])]
DAYS = {"to": "2026-11-22"}
ASKED: list[tuple[dict[str, str], tuple[int, ...]]] = [  # and the days that are read from roll-ups
    (DAYS, (20, 21)),
    (DAYS | {"chain": "ethereum"}, (20, 21)),
    (DAYS | {"chain": "base"}, (20,)),
    (DAYS | {"collection": "cats"}, ()),
    (DAYS | {"from": "2026-11-20T11"}, (21,)),
    ({"from": "2026-11-20", "to": "2026-11-21T10"}, (20,)),
    ({"from": "2026-11-20T11", "to": "2026-11-21T10"}, ()),
    ({"from": "2026-11-20", "to": "2026-11-21T13"}, (20,)),
    ({"from": "2026-11-20", "to": "2026-11-21T14"}, (20, 21)),  # no sale of the day is later
]


def drawn(seed: int, count: int = 150) -> Iterator[Sale]:
    """Draw sales of two days, on base only of the first: sweeps, and all that can be unknown or untrue."""
    random = Random(seed)
    for number in range(count):
        day, chain = random.choice([(20, "ethereum"), (20, "base"), (21, "ethereum")])
        moment, minute = f"{day}T{random.choice([10, 11, 12])}", random.choice(["00", "30"])
        collection = random.choice(["cats", "cats", "apes", "dogs", None])
        price = random.choice(["1", "1", "2.5", "0.0000004", "0", "4e20", None, f"{random.randrange(1, 10**6)}e-4"])
        paid = random.choice(PAID)
        swept: Sale = {}
        if random.random() < 0.6:  # of one moment, as a transaction is
            minute = "00"
            swept = {"transaction_hash": f"0xsweep{moment}{chain}"}
        shown = fees("0.0025", random.choice(["0.05", "0.001"])) if random.random() < 0.4 else {}
        yield sale(
            f"{moment}:{minute}", f"{collection}/{number}", random.choice(["0xs", "0xt", None]),
            random.choice(["0xa", "0xa", "0xb", None]), price, paid=paid, chain=chain, collection_slug=collection,
            side=random.choice(["listing", "listing", "offer", "unknown"]), quantity=random.choice([1, 1, 1, 3, None]),
            **swept, **shown,
        )  # fmt: skip


@pytest.fixture(scope="module")
def drawn_url(market_copy: str) -> str:
    """A warehouse with a drawn market beside the one that is counted by hand, scored."""
    fill(market_copy, drawn(1), coverage=())
    return market_copy


def answer(url: str, name: str, given: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the rows as text, so that a zero more at the end of an amount is seen, too."""
    return [tuple(map(str, row)) for row in ask(SecretStr(url), question(name), given).rows]


def execute(url: str, *statements: str) -> None:
    with connected(SecretStr(url)) as connection:
        for statement in statements:
            connection.execute(text(statement))
        connection.commit()


def test_all_that_read_days_are_tested_here() -> None:
    assert {each.name for each in questions() if "mart.days_of" in each.sql} == set(ROLL_UPS)


@pytest.mark.parametrize("name", ADDED_UP)
@pytest.mark.parametrize(("given", "days"), ASKED)
def test_a_scored_day_is_read_from_its_roll_up(
    drawn_url: str, name: str, given: dict[str, str], days: tuple[int, ...]
) -> None:
    table, column = ADDED_UP[name]
    more = {20: 1000, 21: 1_000_000}
    change = "UPDATE mart.{} SET {} = {} {} CASE day WHEN '2026-11-20' THEN {} WHEN '2026-11-21' THEN {} ELSE 0 END"
    execute(drawn_url, change.format(table, column, column, "+", *more.values()))
    try:
        found = ask(SecretStr(drawn_url), question(name), given).column(column)
    finally:
        execute(drawn_url, change.format(table, column, column, "-", *more.values()))
    total = sum(int(value) for value in found if isinstance(value, int))
    assert {20: total % 1_000_000 >= 1000, 21: total >= 1_000_000} == {day: day in days for day in more}


def requests() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every question with what it may be asked for."""
    for name in ROLL_UPS:
        for given, _ in ASKED:
            yield name, given
            if name in ("royalties", "sweeps", "top_sales"):
                yield name, given | {"limit": "2"}
            if name == "sweeps":
                yield from ((name, given | {"least": least}) for least in ("3", "7"))


@pytest.mark.parametrize("seed", range(2))
def test_the_answers_are_those_of_single_sales(warehouse_url: str, seed: int) -> None:
    fill(warehouse_url, drawn(seed), coverage=())
    scored = {f"{name} {given}": answer(warehouse_url, name, given) for name, given in requests()}
    execute(warehouse_url, "INSERT INTO mart.stale_day (day) VALUES ('2026-11-20'), ('2026-11-21')")
    for name, given in requests():
        if name != "top_sales":  # which says of each sale whether it is a suspect, which is not known now
            assert answer(warehouse_url, name, given) == scored[f"{name} {given}"]
    execute(warehouse_url, "DELETE FROM mart.stale_day", "DELETE FROM mart.market_daily")
    assert {f"{name} {given}": answer(warehouse_url, name, given) for name, given in requests()} == scored
    assert all(scored[f"{name} {DAYS}"] for name in ROLL_UPS)


def test_a_day_without_a_roll_up_is_counted_from_its_sales(warehouse_url: str) -> None:
    fill(warehouse_url, drawn(4), coverage=())
    scored = {name: answer(warehouse_url, name, DAYS) for name in ROLL_UPS}
    execute(warehouse_url, "DELETE FROM mart.market_daily WHERE day = '2026-11-20'")
    assert {name: answer(warehouse_url, name, DAYS) for name in ROLL_UPS} == scored


def test_a_scored_day_may_have_no_rows_in_a_roll_up(warehouse_url: str) -> None:
    unpriced = sale("22T10:00", "cats/1", "0xa", "0xb", None, payment_token_symbol=None)
    fill(warehouse_url, [*drawn(5), unpriced], coverage=())
    scored = {name: answer(warehouse_url, name, DAYS) for name in ROLL_UPS}
    execute(warehouse_url, "INSERT INTO mart.stale_day (day) VALUES ('2026-11-22')")
    assert {name: answer(warehouse_url, name, DAYS) for name in ROLL_UPS} == scored


@pytest.mark.parametrize("name", ADDED_UP)
def test_no_sale_of_a_scored_day_is_read(drawn_url: str, name: str) -> None:
    asked = question(name)
    given: dict[str, Any] = {"from": "2026-11-20", "to": "2026-11-21"}
    with connected(SecretStr(drawn_url)) as connection:
        connection.execute(text(SESSION))
        now = at("22T00:00")
        values = values_of(asked.parameters, given, now, now + timedelta(days=1))
        plan = connection.scalars(text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {asked.sql}"), values).all()
    assert [line for line in plan if "sale_row" in line]
    assert [line for line in plan if "sale_row" in line and "actual" in line] == []


@pytest.mark.parametrize(
    ("given", "rolled_up"),
    [({}, True), ({"limit": "100"}, True), ({"limit": "101"}, False), ({"collection": "cats"}, False)],
)
def test_the_top_sales_of_a_scored_day_are_known(warehouse_url: str, given: dict[str, str], rolled_up: bool) -> None:
    fill(warehouse_url, drawn(6), coverage=())
    scored = answer(warehouse_url, "top_sales", DAYS | given)
    execute(warehouse_url, "DELETE FROM mart.top_sale_daily")
    assert answer(warehouse_url, "top_sales", DAYS | given) == ([] if rolled_up else scored)
    assert scored


def test_only_wallets_that_can_be_whales_are_added_up(warehouse_url: str) -> None:
    random = Random(7)
    fill(warehouse_url, [
        sale(
            f"{random.choice([20, 21])}T10:00", f"cats/{number}", f"0xs{random.randrange(150)}",
            f"0xb{random.randrange(150)}", random.choice(["1", "0.5", "40", "7", None]),
            chain=random.choice(["ethereum", "base"]),
        )
        for number in range(600)
    ], coverage=())  # fmt: skip
    asked = [{"limit": limit, **chain} for limit in ("1", "20", "100", "101") for chain in ({}, {"chain": "base"})]
    found = [answer(warehouse_url, "whales", given) for given in asked]
    execute(warehouse_url, "UPDATE mart.market_daily SET whale_eth = NULL WHERE whale_eth > 0")
    assert [answer(warehouse_url, "whales", given) for given in asked] == found
    execute(warehouse_url, "UPDATE mart.market_daily SET whale_eth = 1e9")
    assert [len(answer(warehouse_url, "whales", given)) for given in asked] == [0] * 6 + [101, 101]


def test_a_sweep_is_of_one_day(warehouse_url: str) -> None:
    fill(warehouse_url, [
        sale(moment, f"cats/{moment}{number}", "0xs", "0xa", "1", transaction_hash="0xsweep")
        for moment in ("20T23:59", "21T00:00") for number in range(6)
    ], coverage=())  # fmt: skip
    for scored in (True, False):
        found = ask(SecretStr(warehouse_url), question("sweeps"), {})
        assert (found.column("sales"), found.column("volume_eth")) == ([6, 6], [6, 6])
        if scored:
            execute(warehouse_url, "INSERT INTO mart.stale_day (day) VALUES ('2026-11-20'), ('2026-11-21')")


@pytest.mark.parametrize(
    ("price", "begins"),
    [("0", "0"), ("0.00000099", "0"), ("0.000001", "0.000001"), ("0.19", "0.1"), ("0.2", "0.2"), ("5", "5"),
     ("499999", "200000"), ("500000", "500000"), ("99999999", "500000"), (None, None)],
)  # fmt: skip
def test_the_range_of_a_price(drawn_url: str, price: str | None, begins: str | None) -> None:
    with connected(SecretStr(drawn_url)) as connection:
        found = connection.scalar(text("SELECT mart.price_range(CAST(:price AS numeric))::text"), {"price": price})
    assert found == begins
