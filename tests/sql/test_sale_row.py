"""Sales are stored as bytes and read as text: nothing changes on the way, and the text is found by an index."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from tests.loader.contents import query
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


def test_what_is_hexadecimal_takes_half_the_bytes(warehouse_url: str) -> None:
    sizes = """
        SELECT octet_length(core.to_bytes(%s)), octet_length(core.to_bytes(%s)), octet_length(core.to_bytes(%s)),
            octet_length(core.party_to_bytes('0xb', '0xa', '0xb'))
    """
    given = ("0x" + 64 * "a", "0x" + 40 * "b", "0x" + 40 * "0")
    assert query(warehouse_url, sizes, *given) == [(32, 20, 0, 1)]


@pytest.mark.parametrize("view", ["core.sale", "mart.sales"])
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("transaction_hash = '0xa'", "sale_transaction"),
        ("contract_address = '0xcats' AND token_id = '1'", "sale_token"),
        ("buyer = '0xbob'", "sale_buyer"),
        ("seller = '0xbob'", "sale_seller"),
        ("collection_slug = 'cats' AND sold_at >= '2026-11-20'", "sale_collection"),
    ],
)
def test_a_question_of_text_is_answered_by_an_index(market_url: str, view: str, asked: str, index: str) -> None:
    with connected(SecretStr(market_url)) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.scalars(text(f"EXPLAIN SELECT sale_uid FROM {view} WHERE {asked}")))
    assert f"{index} " in plan + " ", plan
    assert "Index Cond" in plan
