from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.manifest import Gap
from tidemark.local.demo.reconciliation import CollectorRecord, Reconciliation, Sent, reconcile
from tidemark.simulator.message import SaleKey

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
FLIGHT = timedelta(seconds=10)
END = START + timedelta(hours=3)


def sale(number: int) -> SaleKey:
    return SaleKey("ethereum", f"0x{number:064x}", "0xc0", str(number), "")


def sent(number: int, second: int = 0) -> Sent:
    return Sent(START + timedelta(seconds=second), f"digest-{number}", sale(number))


def gap(first: int, last: int) -> Gap:
    return Gap("collection:*", START + timedelta(seconds=first), START + timedelta(seconds=last), "process_died")


def record(name: str, messages: list[Sent], kept: list[int], *gaps: Gap) -> CollectorRecord:
    return CollectorRecord(name, messages, Counter(f"digest-{number}" for number in kept), gaps)


def reconciled(messages: list[Sent], kept_by_b: list[int], warehouse: list[int], *gaps_of_b: Gap) -> Reconciliation:
    """Both collectors are sent the same; A keeps everything. What was sent is what was sold."""
    everything = [int(each.digest.removeprefix("digest-")) for each in messages]
    records = [record("a", messages, everything), record("b", messages, kept_by_b, *gaps_of_b)]
    return reconcile(records, frozenset(map(sale, everything)), Counter(map(sale, warehouse)), until=END, flight=FLIGHT)


def test_what_both_kept_and_the_warehouse_has_once_is_a_yes() -> None:
    result = reconciled([sent(1), sent(2)], [1, 2], [1, 2])
    assert result == Reconciliation(received=2, in_warehouse=2, in_gaps=0)
    assert result.matches


def test_nothing_received_is_no_yes() -> None:
    assert not reconcile([], frozenset(), Counter(), until=END, flight=FLIGHT).matches


@pytest.mark.parametrize(
    ("warehouse", "against"),
    [
        ([1], {"missing": (sale(2),)}),
        ([1, 2, 2], {"duplicated": (sale(2),)}),
        ([1, 2, 3], {"never_sold": (sale(3),)}),
    ],
)
def test_a_warehouse_that_differs_is_a_no_and_says_where(warehouse: list[int], against: dict[str, object]) -> None:
    result = reconciled([sent(1), sent(2)], [1, 2], warehouse)
    assert not result.matches
    assert {name: getattr(result, name) for name in against} == against


@pytest.mark.parametrize("kept", [[1, 9], [1, 1]])
def test_what_was_never_sent_or_not_as_often_is_a_no(kept: list[int]) -> None:
    result = reconciled([sent(1)], kept, [1])
    assert result.never_sent == 1
    assert not result.matches


@pytest.mark.parametrize(("second", "explained"), [(89, False), (90, True), (150, True), (209, True), (210, False)])
def test_what_a_collector_missed_must_lie_in_its_gap_or_just_beside_it(second: int, explained: bool) -> None:
    result = reconciled([sent(1), sent(2, second)], [1], [1, 2], gap(100, 200))
    assert result.matches == explained
    assert result.in_gaps == int(explained)
    assert result.unexplained == (() if explained else (("b", sent(2, second)),))


def test_a_message_sent_twice_and_kept_once_was_missed_in_the_gap() -> None:
    twice = [sent(1, 150), sent(1, 300)]
    result = reconcile(
        [record("b", twice, [1], gap(100, 200))], frozenset({sale(1)}), Counter({sale(1): 1}), until=END, flight=FLIGHT
    )
    assert result == Reconciliation(received=1, in_warehouse=1, in_gaps=1)


@pytest.mark.parametrize(("before_the_end", "judged_at_all"), [(11, True), (10, False), (-60, False)])
def test_what_left_at_the_very_end_or_later_need_not_be_archived(before_the_end: int, judged_at_all: bool) -> None:
    late = Sent(END - timedelta(seconds=before_the_end), "digest-2", sale(2))
    records = [record("a", [sent(1), late], [1])]
    result = reconcile(records, frozenset({sale(1), sale(2)}), Counter([sale(1)]), until=END, flight=FLIGHT)
    assert result.matches != judged_at_all


def test_a_gap_of_one_collector_excuses_no_other() -> None:
    records = [record("a", [sent(1)], []), record("b", [sent(1)], [1], gap(-60, 60))]
    result = reconcile(records, frozenset({sale(1)}), Counter([sale(1)]), until=END, flight=FLIGHT)
    assert result.unexplained == (("a", sent(1)),)


def test_a_sale_that_no_collector_received_may_be_in_the_warehouse_by_repair() -> None:
    records = [record("a", [sent(1), sent(2, 50)], [1], gap(40, 60))]
    result = reconcile(records, frozenset({sale(1), sale(2)}), Counter([sale(1), sale(2)]), until=END, flight=FLIGHT)
    assert result.matches
    assert (result.received, result.in_warehouse) == (1, 2)


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9)))
def test_yes_is_equality_of_what_was_received_and_what_is_in_the_warehouse(sold: list[int], loaded: list[int]) -> None:
    result = reconciled([sent(number) for number in sold], sold, loaded)
    assert result.matches == (sorted(set(sold)) == sorted(loaded))
