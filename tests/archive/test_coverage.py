"""The fold from ledger to coverage: by example, and by what must hold for every ledger."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import (
    Alive,
    Began,
    Dropped,
    Ended,
    Entry,
    Failed,
    Joined,
    Lost,
    Place,
    Rates,
    Retracted,
    Started,
    Stopped,
    Subscribed,
    Unsubscribed,
)
from tidemark.archive.manifest import Gap, Interval
from tidemark.core.hour import Hour
from tidemark.core.spans import union, without

HOUR = Hour.parse("2026-11-22T15")
ALL = "collection:*"
DOGS = "collection:dogs"


def at(minutes: float) -> datetime:
    return HOUR.start + timedelta(minutes=minutes)


def covered(*spans: tuple[float, float], topic: str = ALL) -> tuple[Interval, ...]:
    return tuple(Interval(topic, at(start), at(end)) for start, end in spans)


def gaps(*spans: tuple[float, float, str], topic: str = ALL) -> tuple[Gap, ...]:
    return tuple(Gap(topic, at(start), at(end), reason) for start, end, reason in spans)


def began(*joined: Place, run: str | None = "run", **expected: str) -> Began:
    return Began(at(0), run, expected or {ALL: "connecting"}, joined)


THROUGH = began(Place(1, ALL))
FRESH = Began(at(0), None, {})


def started(minutes: float, *topics: str) -> Started:
    return Started(at(minutes), "run", topics or (ALL,), "tidemark 0.1.0")


def test_an_hour_covered_from_end_to_end_has_no_gap() -> None:
    coverage = coverage_of([THROUGH, Alive(at(30), 1), Alive(at(61), 1), Ended(at(60))], HOUR)
    assert coverage.covered == covered((0, 60))
    assert coverage.gaps == ()
    assert coverage.expected == {ALL: "process_died"}


def test_nothing_expected_nothing_missed() -> None:
    assert coverage_of([], HOUR) == coverage_of([FRESH], HOUR)
    assert coverage_of([], HOUR).gaps == ()


def test_a_dead_process_covers_up_to_its_last_proof() -> None:
    coverage = coverage_of([THROUGH, Alive(at(10), 1)], HOUR)
    assert coverage.covered == covered((0, 10))
    assert coverage.gaps == gaps((10, 60, "process_died"))


def test_a_join_without_proof_covers_nothing() -> None:
    coverage = coverage_of([FRESH, started(5), Joined(at(6), 1, ALL)], HOUR)
    assert coverage.covered == ()
    assert coverage.gaps == gaps((5, 6, "connecting"), (6, 60, "process_died"))


def test_a_restart_after_a_kill_is_a_gap_from_the_last_proof_to_the_next_join() -> None:
    entries = [THROUGH, Alive(at(10), 1), started(12), Joined(at(13), 1, ALL), Alive(at(60), 1), Ended(at(60))]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 10), (13, 60))
    assert coverage.gaps == gaps((10, 12, "process_died"), (12, 13, "connecting"))


def test_the_next_hour_begins_with_the_latest_reason() -> None:
    entries = [
        THROUGH, Lost(at(22), 1, None, at(19), "stalled"), Joined(at(23), 2, ALL),
        Lost(at(40), 2, None, at(39), "connection_lost"), Stopped(at(41)),
    ]  # fmt: skip
    assert coverage_of(entries, HOUR).expected == {ALL: "not_running"}


def test_a_planned_stop_is_not_a_death() -> None:
    entries = [THROUGH, Lost(at(10), 1, None, at(10), "not_running"), Stopped(at(10))]
    coverage = coverage_of(entries, HOUR)
    assert coverage.gaps == gaps((10, 60, "not_running"))
    assert coverage.expected == {ALL: "not_running"}


def test_an_hour_without_a_process_is_one_gap() -> None:
    coverage = coverage_of([began(run=None, **{ALL: "not_running"})], HOUR)
    assert coverage.gaps == gaps((0, 60, "not_running"))


def test_a_loss_discovered_late_reaches_back_to_the_last_proof() -> None:
    entries = [
        THROUGH,
        Alive(at(20), 1),
        Lost(at(22), 1, None, at(19), "stalled"),
        Failed(at(23), None, "server_error"),
        Joined(at(25), 2, ALL),
        Alive(at(60), 2),
        Ended(at(60)),
    ]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 19), (25, 60))
    assert coverage.gaps == gaps((19, 23, "stalled"), (23, 25, "server_error"))


def test_two_connections_cover_what_either_covers() -> None:
    entries = [
        began(Place(1, ALL), Place(2, ALL)),
        Lost(at(20), 1, None, at(19), "connection_lost"),
        Joined(at(25), 3, ALL),
        Lost(at(40), 2, None, at(39), "connection_lost"),
        Alive(at(60), 3),
        Ended(at(60)),
    ]
    assert coverage_of(entries, HOUR).covered == covered((0, 60))


def test_one_topic_lost_leaves_the_others_covered() -> None:
    entries = [
        began(Place(1, ALL), Place(1, DOGS), **{ALL: "connecting", DOGS: "connecting"}),
        Lost(at(20), 1, DOGS, at(19), "channel_error"),
        Failed(at(21), DOGS, "join_refused"),
        Alive(at(60), 1),
        Ended(at(60)),
    ]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 60)) + covered((0, 19), topic=DOGS)
    assert coverage.gaps == gaps((19, 21, "channel_error"), (21, 60, "join_refused"), topic=DOGS)


def test_a_topic_that_was_lost_is_a_gap_until_it_is_no_longer_wanted() -> None:
    entries = [
        THROUGH,
        Subscribed(at(10), DOGS),
        Joined(at(10), 1, DOGS),
        Alive(at(20), 1),
        Lost(at(21), 1, DOGS, at(20), "channel_error"),
        Unsubscribed(at(30), DOGS),
        Alive(at(60), 1),
        Ended(at(60)),
    ]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 60)) + covered((10, 20), topic=DOGS)
    assert coverage.gaps == gaps((20, 30, "channel_error"), topic=DOGS)


def test_topics_are_expected_from_subscription_to_unsubscription() -> None:
    entries = [
        THROUGH,
        Subscribed(at(10), DOGS),
        Joined(at(11), 1, DOGS),
        Alive(at(30), 1),
        Unsubscribed(at(31), DOGS),
        Alive(at(60), 1),
        Ended(at(60)),
    ]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 60)) + covered((11, 30), topic=DOGS)
    assert coverage.gaps == gaps((10, 11, "connecting"), topic=DOGS)
    assert coverage.expected == {ALL: "process_died"}


def test_what_was_dropped_before_a_topic_is_no_longer_wanted_is_a_gap() -> None:
    entries = [
        began(Place(1, ALL), Place(1, DOGS), **{ALL: "connecting", DOGS: "connecting"}),
        Alive(at(10), 1),
        Unsubscribed(at(20), DOGS),
        Dropped(at(11), at(30), 500, "disk_full"),
        Alive(at(60), 1),
        Ended(at(60)),
    ]
    for order in (entries, [*entries[:2], entries[3], entries[2], *entries[4:]]):
        coverage = coverage_of(order, HOUR)
        assert coverage.covered == covered((0, 11), (30, 60)) + covered((0, 10), topic=DOGS)
        assert coverage.gaps == gaps((11, 30, "disk_full")) + gaps(
            (10, 11, "unproven"), (11, 20, "disk_full"), topic=DOGS
        )


def test_what_was_dropped_after_a_topic_was_no_longer_wanted_is_no_gap_of_it() -> None:
    entries = [
        began(Place(1, ALL), Place(1, DOGS), **{ALL: "connecting", DOGS: "connecting"}),
        Dropped(at(3), at(4), 500, "disk_full"),
        Alive(at(10), 1),
        Unsubscribed(at(20), DOGS),
        Dropped(at(20), at(30), 500, "disk_full"),
        Alive(at(60), 1),
        Ended(at(60)),
    ]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered[-2:] == covered((0, 3), (4, 10), topic=DOGS)
    assert coverage.gaps[-1:] == gaps((3, 4, "disk_full"), topic=DOGS)


def test_a_new_process_with_other_topics_ends_what_the_old_one_expected() -> None:
    coverage = coverage_of([THROUGH, Alive(at(10), 1), started(20, DOGS), Stopped(at(30))], HOUR)
    assert coverage.gaps == gaps((10, 20, "process_died")) + gaps(
        (20, 30, "connecting"), (30, 60, "not_running"), topic=DOGS
    )
    assert coverage.expected == {DOGS: "not_running"}


def test_a_full_disk_is_its_own_gap_within_a_covered_hour() -> None:
    entries = [THROUGH, Dropped(at(10), at(12), 500, "disk_full"), Alive(at(60), 1), Ended(at(60))]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 10), (12, 60))
    assert coverage.gaps == gaps((10, 12, "disk_full"))


def test_what_connections_that_ended_claim_of_a_silence_is_retracted_also_those_of_a_process_before() -> None:
    entries = [
        began(Place(1, ALL), Place(1, DOGS), **{ALL: "connecting", DOGS: "connecting"}),
        Alive(at(9), 1),
        started(10, ALL, DOGS),
        *(Joined(at(11), 1, topic) for topic in (ALL, DOGS)),
        Lost(at(15), 1, None, at(14), "connection_lost"),
        *(Joined(at(16), 2, topic) for topic in (ALL, DOGS)),
        Alive(at(60), 2),
        Retracted(at(17), DOGS, at(8), "unproven"),
        Lost(at(17), 2, DOGS, at(16), "unproven"),
        Ended(at(60)),
    ]
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered == covered((0, 9), (11, 14), (16, 60)) + covered((0, 8), topic=DOGS)
    why = (
        (8, "unproven"),
        (9, "process_died"),
        (10, "connecting"),
        (14, "connection_lost"),
        (16, "unproven"),
        (60, ""),
    )
    assert coverage.gaps[-5:] == gaps(*((at, end, reason) for (at, reason), (end, _) in pairwise(why)), topic=DOGS)


moments = st.floats(-5, 65).map(at)
topics = st.sampled_from([ALL, DOGS])
connections = st.integers(1, 3)
reasons = st.sampled_from(["connection_lost", "stalled", "disk_full"])
expectations = st.dictionaries(topics, reasons)
places = st.lists(st.builds(Place, connections, topics)).map(tuple)
entries_of_any_kind: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Began, st.just(HOUR.start), st.one_of(st.none(), st.just("run")), expectations, places),
    st.builds(Started, moments, st.just("run"), st.lists(topics).map(tuple), st.just("tidemark")),
    st.builds(Subscribed, moments, topics),
    st.builds(Unsubscribed, moments, topics),
    st.builds(Joined, moments, connections, topics),
    st.builds(Alive, moments, connections),
    st.builds(Lost, moments, connections, st.one_of(st.none(), topics), moments, reasons),
    st.builds(Retracted, moments, topics, moments, reasons),
    st.builds(
        Rates, moments, st.just({ALL: (9.0, 1.0, 0.5)}), st.dictionaries(topics, st.tuples(st.just(2.0), moments))
    ),
    st.builds(Failed, moments, st.one_of(st.none(), topics), reasons),
    st.builds(Dropped, moments, moments, st.integers(0, 9), reasons),
    st.builds(Stopped, moments),
    st.builds(Ended, moments),
)


@given(st.lists(entries_of_any_kind, max_size=12))
def test_every_ledger_folds_into_sorted_disjoint_spans_within_the_hour(entries: list[Entry]) -> None:
    coverage = coverage_of(entries, HOUR)
    spans = sorted((*coverage.covered, *coverage.gaps), key=lambda span: (span.topic, span.start))
    assert list(coverage.covered) == sorted(coverage.covered)
    assert list(coverage.gaps) == sorted(coverage.gaps)
    for span in spans:
        assert HOUR.start <= span.start < span.end <= HOUR.end
    for before, after in pairwise(spans):
        assert before.topic < after.topic or before.end <= after.start


@given(expectations, places, st.lists(entries_of_any_kind, max_size=12))
def test_what_is_expected_all_hour_is_either_covered_or_a_gap(
    expected: dict[str, str], joined: tuple[Place, ...], entries: list[Entry]
) -> None:
    kept = [entry for entry in entries if not isinstance(entry, Started | Unsubscribed | Began)]
    coverage = coverage_of([Began(HOUR.start, "run", expected, joined), *kept], HOUR)
    for topic in expected:
        length = sum(
            ((span.end - span.start) for span in (*coverage.covered, *coverage.gaps) if span.topic == topic),
            timedelta(),
        )
        assert length == timedelta(hours=1)


@given(st.floats(0, 60).map(at), st.floats(0, 60).map(at), st.floats(0, 60).map(at), st.lists(entries_of_any_kind))
def test_what_is_dropped_while_a_topic_is_wanted_is_never_left_out(
    removed: datetime, start: datetime, end: datetime, entries: list[Entry]
) -> None:
    kept = [entry for entry in entries if not isinstance(entry, Started | Unsubscribed | Subscribed | Began)]
    hour = [THROUGH, Unsubscribed(removed, ALL), Dropped(start, end, 1, "disk_full"), *kept]
    missed = [(gap.start, gap.end) for gap in coverage_of(hour, HOUR).gaps if gap.topic == ALL]
    assert without(union([(start, min(end, removed))]), union(missed)) == []


def test_moments_are_utc() -> None:
    found = coverage_of([THROUGH, Alive(at(10), 1)], HOUR).covered[0]
    assert found.start.tzinfo == UTC
