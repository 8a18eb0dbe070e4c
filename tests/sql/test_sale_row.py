"""Sales are stored as bytes and read as text: nothing changes on the way, and the text is found by an index."""

import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg2.errors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from tests.loader.contents import query
from tidemark.loader.transform.values import UINT256, in_tokens, product, quotient
from tidemark.storage.postgres import connected

pytestmark = pytest.mark.postgres
# both change nothing in the warehouse, and ask it once for many values
MANY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

_HEX = st.one_of(*(st.text("0123456789abcdef", min_size=size, max_size=size) for size in (38, 40, 42, 62, 64, 66)))
ADDRESSES = st.one_of(
    st.none(),
    _HEX.map("0x{}".format),
    _HEX.map("0X{}".format),
    _HEX.map(str.upper).map("0x{}".format),
    st.just("0x" + 40 * "0"),
    st.sampled_from((0, 1, 19, 20, 21, 31, 32, 33, 44)).flatmap(
        lambda size: st.text("ab\\x☃", min_size=size, max_size=size)
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
)


BACK = """
SELECT array_agg(core.to_text(core.to_bytes(each)) ORDER BY place)
FROM unnest(%s::text[]) WITH ORDINALITY AS given (each, place)
"""
PARTY_BACK = """
SELECT array_agg(core.party_to_text(
    core.party_to_bytes(party, maker, taker), core.to_bytes(maker), core.to_bytes(taker)
) ORDER BY place)
FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS given (party, maker, taker, place)
"""


@MANY
@given(st.lists(ADDRESSES, min_size=5, max_size=40))
def test_an_address_comes_back_as_it_was(warehouse_url: str, addresses: list[str | None]) -> None:
    assert query(warehouse_url, BACK, addresses) == [(addresses,)]


@MANY
@given(st.lists(st.tuples(ADDRESSES, ADDRESSES, ADDRESSES), min_size=2, max_size=10))
def test_a_party_comes_back_as_it_was(warehouse_url: str, parties: list[tuple[str | None, ...]]) -> None:
    everyone = [(party, maker, taker) for maker, taker, other in parties for party in (maker, taker, other)]
    columns = [[each[place] for each in everyone] for place in range(3)]
    assert query(warehouse_url, PARTY_BACK, *columns) == [(columns[0],)]


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_NEAR = timedelta(minutes=30)
MOMENTS = st.one_of(
    st.just(NOON),
    st.sampled_from([NOON - _NEAR, NOON + _NEAR]),
    st.datetimes(datetime(2026, 11, 20, 11, 29), datetime(2026, 11, 20, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.datetimes(datetime(2016, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
WORDS = st.one_of(
    st.sampled_from(["ethereum", "zora", "erc721", "WETH", "collector-a", " ethereum", " ", "", "!", "é"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
)
AMOUNTS = st.one_of(st.integers(0, 10**20), st.sampled_from([0, 1, 9_999, 10_000, UINT256]))
RATES = st.none() | st.decimals(0, 10**6, places=6).map(Decimal.normalize)


@st.composite
def fees(draw: st.DrawFn, price: int | None) -> list[dict[str, str]]:
    """Fees that are shares of a price, rounded down, or any amounts; one in another spelling now and then."""
    share = st.integers(0, 40_000).map(lambda share: share * (price or 0) // 10_000)
    amount = st.one_of(AMOUNTS, share).map(str) | st.sampled_from(["007", "1.5", "-3", "x"])
    recipient = ADDRESSES.filter(lambda text: text is not None) | st.just("r" * 254) | st.just("r" * 255)
    return draw(
        st.lists(st.builds(lambda to, sum_: {"recipient": to, "amount_raw": sum_}, recipient, amount), max_size=3)
    )


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row of core.sale, with what follows from other columns as the transform computes it."""
    price_raw, decimals = draw(st.none() | AMOUNTS), draw(st.none() | st.sampled_from([0, 6, 18, 77]))
    quantity, usd, eth = draw(st.none() | st.sampled_from([0, 1, 3, UINT256])), draw(RATES), draw(RATES)
    price = in_tokens(price_raw, decimals)
    return {
        "sale_uid": draw(st.uuids()), "fill": draw(st.integers(1, 3)), "payload_hash": draw(st.integers(-9, 9)),
        "sold_at": draw(MOMENTS), "sold_at_source": draw(st.sampled_from(["transaction", "closing", "event"])),
        "event_at": draw(st.none() | MOMENTS), "sent_at": draw(st.none() | MOMENTS), "received_at": draw(MOMENTS),
        "chain": draw(WORDS), "transaction_hash": "0xa", "order_hash": None, "collection_slug": draw(st.none() | WORDS),
        "contract_address": "0xc", "token_id": "1", "nft_name": None, "token_standard": draw(st.none() | WORDS),
        "maker": None, "taker": None, "seller": None, "buyer": None,
        "side": draw(st.sampled_from(["listing", "offer", "unknown"])),
        "side_source": draw(st.sampled_from(["order", "payment_token", "events_api", "none"])),
        "quantity": quantity, "price_raw": price_raw, "payment_token_address": draw(ADDRESSES),
        "payment_token_symbol": draw(st.none() | WORDS), "payment_token_decimals": decimals,
        "price": price, "unit_price": quotient(price, quantity), "usd_rate": usd, "eth_rate": eth,
        "price_usd": product(price, usd), "price_eth": product(price, eth),
        "marketplace_fee_raw": draw(st.none() | AMOUNTS), "royalty_raw": None, "other_fee_raw": None,
        "fees": draw(st.none() | fees(price_raw)), "is_private": draw(st.none() | st.booleans()),
        "is_replayed": draw(st.booleans()), "source": draw(st.sampled_from(["stream", "events_api"])),
        "source_hour": draw(MOMENTS), "loaded_at": draw(MOMENTS), "first_collector": draw(WORDS),
        "first_load_id": draw(st.integers(1, 2**31 - 1)),
    }  # fmt: skip


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row with every value as text, as PostgreSQL prints it; fees are compared as JSON."""
    return {name: value if name == "fees" else _printed(value) for name, value in row.items()}


def _printed(value: object) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat()
    return str(value)


@MANY
@given(
    st.lists(rows(), min_size=3, max_size=12, unique_by=lambda row: row["sale_uid"]),
    st.sampled_from(["new", "written again"]),
)
def test_a_row_comes_back_as_it_was(market_url: str, given: list[dict[str, Any]], how: str) -> None:
    insert = """
        INSERT INTO core.sale SELECT sale.* FROM jsonb_populate_recordset(NULL::core.sale, CAST(:rows AS jsonb)) AS sale
    """
    uids = [row["sale_uid"] for row in given]
    with connected(SecretStr(market_url)) as connection:
        connection.execute(text(insert), {"rows": json.dumps([as_text(row) for row in given])})
        if how == "written again":
            connection.execute(text("UPDATE core.sale SET token_id = '2' WHERE sale_uid = ANY (:uids)"), {"uids": uids})
            connection.execute(text("UPDATE core.sale SET token_id = '1' WHERE sale_uid = ANY (:uids)"), {"uids": uids})
        found = connection.execute(
            text("SELECT * FROM core.sale WHERE sale_uid = ANY (:uids)"), {"uids": uids}
        ).mappings()
        read: dict[UUID, dict[str, Any]] = {row["sale_uid"]: as_text(dict(row)) for row in found}
        connection.rollback()
    wanted = {row["sale_uid"]: as_text(row) for row in given}
    assert read.keys() == wanted.keys()
    differing = [(name, read[uid][name], value) for uid, row in wanted.items() for name, value in row.items()
                 if read[uid][name] != value]  # fmt: skip
    assert differing == []


def test_what_is_hexadecimal_takes_half_the_bytes(warehouse_url: str) -> None:
    sizes = """
        SELECT octet_length(core.to_bytes(%s)), octet_length(core.to_bytes(%s)), octet_length(core.to_bytes(%s)),
            octet_length(core.party_to_bytes('0xb', '0xa', '0xb'))
    """
    given = ("0x" + 64 * "a", "0x" + 40 * "b", "0x" + 40 * "0")
    assert query(warehouse_url, sizes, *given) == [(32, 20, 0, 1)]


@pytest.mark.parametrize("column", ["sold_at_source", "side", "side_source", "source"])
@pytest.mark.parametrize("code", ["!", "~", "\x7f"], ids=["of another word", "of no word", "of a byte"])
def test_a_code_that_means_nothing_here_is_refused(market_url: str, column: str, code: str) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation, match=column):
        query(market_url, f"UPDATE core.sale_row SET {column} = %s RETURNING 1", code)


@pytest.mark.parametrize("view", ["core.sale", "mart.sales"])
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("transaction_hash = '0xa'", "sale_transaction"),
        ("contract_address = '0xcats' AND token_id = '1'", "sale_token"),
        ("buyer = '0xbob'", "sale_buyer"),
        ("seller = '0xbob'", "sale_seller"),
        ("collection_slug = 'cats'", "sale_collection"),
        ("sold_at >= '2026-11-20'", "sale_sold_at"),
    ],
)
def test_a_question_of_text_is_answered_by_an_index(market_url: str, view: str, asked: str, index: str) -> None:
    with connected(SecretStr(market_url)) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.scalars(text(f"EXPLAIN SELECT sale_uid FROM {view} WHERE {asked}")))
        months = connection.scalars(text(f"SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid"
                                         f" WHERE inhparent = 'core.{index}'::regclass")).all()  # fmt: skip
    assert months
    assert all(f"{month} " in plan + " " for month in months), plan
    assert "Index Cond" in plan


def test_no_function_of_sql_is_called_for_each_sale(market_url: str) -> None:
    vague = "ops.is_vague(order_hash, quantity, maker, taker, seller, buyer)"
    order = "ops.precedence(source, sent_at, received_at, first_collector, source_hour)"
    plan = query(market_url, f"EXPLAIN (VERBOSE) SELECT *, {vague}, {order} FROM core.sale")
    called = set(re.findall(r"\b(?:core|ops)\.(\w+)\(", "\n".join(str(line) for (line,) in plan)))
    assert called == {"fees_to_json", "plain_text"}  # a loop, and what is no hash in hexadecimal; others are taken in


def test_an_observation_is_vague_where_it_lacks_what_tells_sales_apart(warehouse_url: str) -> None:
    given = list(itertools.product([None, "1"], repeat=6))
    statement = """
        SELECT array_agg(ops.is_vague(hash, quantity, maker, taker, seller, buyer) ORDER BY place)
        FROM unnest(%s::text[], %s::numeric[], %s::text[], %s::text[], %s::text[], %s::text[])
            WITH ORDINALITY AS given (hash, quantity, maker, taker, seller, buyer, place)
    """
    told = [
        order and quantity and (seller and buyer if seller or buyer else maker and taker)
        for order, quantity, maker, taker, seller, buyer in given
    ]
    columns = [list(column) for column in zip(*given, strict=True)]
    assert query(warehouse_url, statement, *columns) == [([not each for each in told],)]
