"""Which keys are one sale: nothing known contradicts it, and one list has each sale once."""

from collections import Counter
from random import Random
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.loader.warehouse.same_sale import Reported, may_be_one, reported_of, superseded

WALLETS = st.none() | st.sampled_from(["0xa", "0xb", "0xc"])
REPORTS = st.builds(
    Reported,
    sale_uid=st.uuids(),
    order_hash=st.none() | st.sampled_from(["0x1", "0x2"]),
    makers=st.none() | st.tuples(WALLETS, WALLETS),
    parties=st.tuples(WALLETS, WALLETS),
    directed=st.booleans(),
    quantity=st.none() | st.integers(1, 2),
    price_raw=st.none() | st.integers(1, 2),
    payment_token_address=st.none() | st.sampled_from(["0xeth", "0xweth"]),
    lists=st.frozensets(st.sampled_from(["events-api-1", "events-api-2"])),
    place=st.just(0),
)
WHOLE = Reported(UUID(int=1), "0x1", None, ("0xa", "0xb"), True, 1, 1, "0xeth", frozenset(), 1)


@st.composite
def groups(draw: st.DrawFn) -> list[Reported]:
    found = draw(st.lists(REPORTS, max_size=7, unique_by=lambda each: each.sale_uid))
    return [each._replace(place=place) for place, each in enumerate(found, 1)]


def sales_of(group: list[Reported]) -> list[list[Reported]]:
    gone = superseded(group)
    kept = [each for each in group if each.sale_uid not in gone]
    return [[each for each in group if gone.get(each.sale_uid, each.sale_uid) == one.sale_uid] for one in kept]


@given(groups(), st.integers(0, 2**32))
def test_the_order_in_which_they_come_decides_nothing(group: list[Reported], seed: int) -> None:
    shuffled = list(group)
    Random(seed).shuffle(shuffled)
    assert superseded(shuffled) == superseded(group)


@given(groups())
def test_no_sale_has_observations_that_contradict_each_other(group: list[Reported]) -> None:
    for sale in sales_of(group):
        assert all(may_be_one(one, other) for one in sale for other in sale if one is not other)


@given(groups())
def test_each_key_is_of_one_sale_and_the_first_stays(group: list[Reported]) -> None:
    sales = sales_of(group)
    assert Counter(each.sale_uid for sale in sales for each in sale) == Counter(each.sale_uid for each in group)
    gone = superseded(group)
    for sale in sales:
        (kept,) = (each for each in sale if each.sale_uid not in gone)
        assert kept.place == min(each.place for each in sale)


@given(groups())
def test_a_list_of_the_events_api_keeps_all_its_sales(group: list[Reported]) -> None:
    for run in ("events-api-1", "events-api-2"):
        listed = [each for each in group if run in each.lists]
        assert len([sale for sale in sales_of(group) if any(run in each.lists for each in sale)]) == len(listed)


@given(REPORTS, REPORTS)
def test_being_one_sale_has_no_direction(one: Reported, other: Reported) -> None:
    assert may_be_one(one, other) == may_be_one(other, one)


@given(REPORTS)
def test_a_value_that_is_lost_does_not_make_another_sale(one: Reported) -> None:
    one = one._replace(lists=frozenset())
    for lost in ("order_hash", "quantity", "price_raw", "payment_token_address"):
        assert may_be_one(one, one._replace(**{lost: None}))
    assert may_be_one(one, one._replace(parties=(one.parties[0], None)))
    assert may_be_one(one, one._replace(makers=None))
    turned = one._replace(directed=False, makers=None, parties=(one.parties[1], one.parties[0]))
    assert may_be_one(one, turned)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"order_hash": "0x2"}, False),
        ({"parties": ("0xc", "0xb")}, False),
        ({"parties": ("0xa", "0xc")}, False),
        ({"parties": ("0xb", "0xa")}, False),
        ({"parties": ("0xb", "0xa"), "directed": False}, True),
        ({"makers": ("0xb", "0xa")}, True),
        ({"quantity": 2}, False),
        ({"price_raw": 2}, True),  # a part of an order has one price: this is a conflict
        ({"price_raw": 2, "quantity": None}, False),
        ({"price_raw": 2, "order_hash": None}, False),
        ({"payment_token_address": "0xweth"}, True),
        ({"payment_token_address": "0xweth", "order_hash": None}, False),
        ({"order_hash": None}, True),
        ({"lists": frozenset({"events-api-1"})}, True),
    ],
)
def test_what_tells_two_sales_apart(changes: dict[str, object], same: bool) -> None:
    assert may_be_one(WHOLE, WHOLE._replace(**changes)) is same


def test_two_of_one_list_are_two() -> None:
    listed = WHOLE._replace(lists=frozenset({"events-api-1", "events-api-2"}))
    assert not may_be_one(listed, WHOLE._replace(lists=frozenset({"events-api-2"}), order_hash=None))


def test_a_sale_without_its_order_joins_the_one_that_it_resembles_most() -> None:
    unknown_taker = WHOLE._replace(sale_uid=UUID(int=2), order_hash="0x2", parties=("0xa", None), place=2)
    nameless = WHOLE._replace(sale_uid=UUID(int=3), order_hash=None, place=3)
    assert superseded([unknown_taker, WHOLE, nameless]) == {nameless.sale_uid: WHOLE.sale_uid}


def test_two_messages_of_the_stream_state_who_made_the_order() -> None:
    there = WHOLE._replace(order_hash=None, directed=False, makers=("0xa", "0xb"))
    assert not may_be_one(there, there._replace(makers=("0xb", "0xa"), parties=("0xb", "0xa")))


@pytest.mark.parametrize(
    ("changes", "makers", "parties", "directed"),
    [
        ({}, ("0xm", "0xt"), ("0xs", "0xb"), True),
        ({"seller": None}, ("0xm", "0xt"), (None, "0xb"), True),
        ({"buyer": None}, ("0xm", "0xt"), ("0xs", None), True),
        ({"seller": None, "buyer": None}, ("0xm", "0xt"), ("0xm", "0xt"), True),
        ({"side_source": "payment_token"}, ("0xm", "0xt"), ("0xs", "0xb"), False),
        ({"side_source": "none"}, ("0xm", "0xt"), ("0xs", "0xb"), False),
        ({"source": "events_api", "side_source": "events_api"}, None, ("0xs", "0xb"), True),
        ({"source": "events_api", "side_source": "none"}, None, ("0xs", "0xb"), True),
    ],
)
def test_a_row_reports_its_parties(changes: dict[str, object], makers: object, parties: object, directed: bool) -> None:
    row = {
        "sale_uid": UUID(int=7), "order_hash": "0x1", "maker": "0xm", "taker": "0xt", "seller": "0xs", "buyer": "0xb",
        "source": "stream", "side_source": "order", "quantity": 3, "price_raw": 5, "payment_token_address": "0xeth",
        "lists": ["events-api-1"], "place": 2,
    }  # fmt: skip
    assert reported_of(SimpleNamespace(**row | changes)) == Reported(
        UUID(int=7), "0x1", makers, parties, directed, 3, 5, "0xeth", frozenset({"events-api-1"}), 2
    )


def test_a_sale_is_as_like_as_its_likest_observation() -> None:
    like = WHOLE._replace(sale_uid=UUID(int=2), place=4)
    vague = like._replace(sale_uid=UUID(int=3), parties=(None, None), quantity=None, place=3)
    other = WHOLE._replace(sale_uid=UUID(int=4), order_hash="0x2", quantity=None, place=1)
    nameless = WHOLE._replace(sale_uid=UUID(int=5), order_hash=None, place=5)
    assert superseded([other, like, vague, nameless]) == {
        like.sale_uid: vague.sale_uid,
        nameless.sale_uid: vague.sale_uid,
    }
