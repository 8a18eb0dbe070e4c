"""Arithmetic of spans, held against sets of minutes."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.clock import EPOCH
from tidemark.core.spans import clipped, union, without


def at(minutes: float) -> datetime:
    return EPOCH + timedelta(minutes=minutes)


spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


def instants(pairs: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    return [(at(start), at(end)) for start, end in pairs]


def points(found: list[tuple[datetime, datetime]]) -> set[int]:
    return {minute for start, end in found for minute in range(60) if start <= at(minute) < end}


@given(spans, spans)
def test_union_and_without_are_those_of_sets(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    one, other = union(instants(left)), union(instants(right))
    assert points(one) == points(instants(left))
    assert points(without(one, other)) == points(one) - points(other)
    for span in instants(right):
        assert points(clipped(one, span)) == points(one) & points([span])
