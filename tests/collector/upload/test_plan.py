from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.upload.plan import Deletions, Listing, Plan, deletions, plan
from tidemark.archive.names import SegmentName
from tidemark.core.hour import Hour, hours

TEN = Hour.parse("2026-11-20T10")
DAY = list(hours(TEN, Hour.parse("2026-11-20T19")))
TWELVE = DAY[2]


def names(*texts: str) -> frozenset[SegmentName]:
    return frozenset(SegmentName.parse(f"20261120T{text}.jsonl") for text in texts)


def due(listing: Listing, *, at: Hour = TWELVE, minutes: float = 5, live: bool = False) -> Plan:
    return plan(listing, now=at.start + timedelta(minutes=minutes), live=live)


def keys(found: tuple[Hour, ...]) -> list[str]:
    return [hour.key[-2:] for hour in found]


def test_an_empty_spool_is_due_nothing():
    assert due(Listing()) == Plan(segments=(), hours=(), late=())


def test_segments_are_due_oldest_first_and_shipped_ones_are_not():
    listing = Listing(sealed=names("11.0001", "10.0002", "10.0001"), uploaded=names("10.0001"))
    assert [str(name) for name in due(listing).segments] == ["20261120T10.0002.jsonl", "20261120T11.0001.jsonl"]


def test_a_segment_of_the_running_hour_is_shipped_early_and_its_hour_is_not_committed():
    found = due(Listing(sealed=names("12.0001")), live=True)
    assert found.segments == tuple(names("12.0001"))
    assert found.hours == ()


def test_every_hour_since_the_first_is_due_also_those_without_any_file():
    listing = Listing(sealed=names("10.0001"))
    assert keys(due(listing, at=DAY[4]).hours) == ["10", "11", "12", "13"]


@pytest.mark.parametrize("days", [41, 42])
def test_after_six_weeks_without_a_file_no_hour_without_one_is_reported(days: int):
    now = Hour(TEN.start + timedelta(days=days))
    segment = SegmentName(now.previous(), 1)
    found = due(Listing(ledgers=frozenset({TEN}), sealed=frozenset({segment})), at=now)
    if days == 41:
        assert (found.jump, len(found.hours)) == (None, 24 * days)
    else:
        assert (found.jump, found.hours, found.segments) == (TEN, (TEN, segment.hour), (segment,))


@pytest.mark.parametrize("live", [True, False])
def test_hours_of_a_clock_that_was_not_set_are_not_brought_and_named(live: bool):
    dawn = Hour.parse("1970-01-01T00")
    listing = Listing(
        ledgers=frozenset({dawn, TEN}), sealed=frozenset({SegmentName(dawn, 1)}) | names("10.0001"),
        open_hours=frozenset({DAY[3]}),
    )  # fmt: skip
    found = due(listing, at=DAY[3], live=live)
    assert found == Plan(segments=tuple(names("10.0001")), hours=(TEN,), late=(), jump=dawn)
    rest = Listing(ledgers=frozenset({TEN}), sealed=names("10.0001"), open_hours=listing.open_hours)
    assert due(rest, at=DAY[3], live=live).hours == tuple(DAY[:3])


def test_an_hour_is_not_due_before_its_end():
    listing = Listing(ledgers=frozenset({TEN}))
    assert due(listing, at=TEN, minutes=59.999).hours == ()
    assert due(listing, at=TEN, minutes=60).hours == (TEN,)


def test_a_live_collector_holds_back_the_hours_that_it_has_open():
    listing = Listing(ledgers=frozenset(DAY[:1]), open_hours=frozenset({DAY[1], DAY[2]}))
    assert keys(due(listing, at=DAY[2], live=True).hours) == ["10"]


def test_with_a_live_collector_that_has_opened_nothing_yet_no_hour_is_certain():
    assert due(Listing(ledgers=frozenset({TEN})), live=True).hours == ()


def test_files_that_a_dead_collector_leaves_open_in_the_running_hour_hold_nothing_back():
    listing = Listing(ledgers=frozenset({TEN}), open_hours=frozenset({DAY[2]}))
    assert keys(due(listing, live=False).hours) == ["10", "11"]


def test_after_a_day_without_the_collector_the_hours_follow_the_last_committed_one():
    listing = Listing(committed=frozenset({TEN}))
    assert keys(due(listing, at=DAY[3]).hours) == ["11", "12"]


def test_an_hour_that_failed_before_is_due_again_between_committed_ones():
    listing = Listing(committed=frozenset({DAY[0], DAY[2]}))
    assert keys(due(listing, at=DAY[3]).hours) == ["11"]


def test_a_segment_of_a_committed_hour_is_late_and_not_shipped():
    found = due(Listing(sealed=names("10.0002"), committed=frozenset({TEN})))
    assert found.late == tuple(names("10.0002"))
    assert found.segments == ()


def test_a_segment_that_is_elsewhere_is_due_again_while_the_spool_has_it():
    found = due(Listing(sealed=names("10.0001"), elsewhere=names("10.0001", "11.0001")))
    assert (found.segments, found.elsewhere) == (tuple(names("10.0001")), tuple(names("11.0001")))


def gone(listing: Listing, *, at: Hour, retention: float) -> Deletions:
    return deletions(listing, now=at.start, retention=timedelta(hours=retention))


def test_files_go_when_their_hour_is_committed_and_retention_is_over():
    listing = Listing(
        sealed=names("10.0001", "11.0001"),
        uploaded=names("10.0001", "11.0001"),
        ledgers=frozenset(DAY[:2]),
        committed=frozenset(DAY[:2]),
    )
    assert gone(listing, at=DAY[2], retention=1.5) == Deletions(segments=(), ledgers=(), manifests=())
    found = gone(listing, at=DAY[2], retention=1)
    assert (found.segments, found.ledgers, found.manifests) == (tuple(names("10.0001")), (TEN,), (TEN,))


def test_the_newest_committed_hour_keeps_its_ledger_and_manifest():
    listing = Listing(ledgers=frozenset({TEN}), committed=frozenset({TEN}), uploaded=names("10.0001"))
    found = gone(listing, at=DAY[9], retention=0)
    assert (found.segments, found.ledgers, found.manifests) == (tuple(names("10.0001")), (), ())


def test_nothing_of_an_uncommitted_hour_goes():
    listing = Listing(sealed=names("10.0001"), uploaded=names("10.0001"), ledgers=frozenset({TEN}))
    assert gone(listing, at=DAY[9], retention=0) == Deletions(segments=(), ledgers=(), manifests=())


listings = st.builds(
    lambda sealed, uploaded, elsewhere, ledgers, committed, opened: Listing(
        sealed=frozenset(SegmentName(hour, number) for hour, number in sealed),
        uploaded=frozenset(SegmentName(hour, number) for hour, number in uploaded - elsewhere),
        elsewhere=frozenset(SegmentName(hour, number) for hour, number in elsewhere if hour not in committed),
        ledgers=ledgers,
        committed=committed,
        open_hours=opened,
    ),
    *[st.frozensets(st.tuples(st.sampled_from(DAY), st.integers(1, 2)), max_size=8)] * 3,
    *[st.frozensets(st.sampled_from(DAY), max_size=8)] * 3,
)


@given(listings, st.sampled_from(DAY), st.booleans())
def test_a_plan_is_ordered_finished_and_never_repeats(listing: Listing, at: Hour, live: bool):
    found = due(listing, at=at, live=live)
    assert list(found.segments) == sorted(set(found.segments) - listing.uploaded)
    assert list(found.hours) == sorted(set(found.hours) - listing.committed)
    assert all(hour < at for hour in found.hours)
    if live:
        assert all(hour < opened for hour in found.hours for opened in listing.open_hours)
    assert set(found.segments) | set(found.late) == listing.sealed - listing.uploaded
    assert set(found.elsewhere) == listing.elsewhere - listing.sealed


@given(listings, st.sampled_from(DAY), st.sampled_from([0, 1, 3]))
def test_deletions_never_touch_what_is_still_needed(listing: Listing, at: Hour, retention: int):
    found = gone(listing, at=at, retention=retention)
    assert set(found.segments) <= listing.uploaded
    assert {name.hour for name in found.segments} <= listing.committed
    left = Listing(
        sealed=listing.sealed - set(found.segments),
        uploaded=listing.uploaded - set(found.segments),
        ledgers=listing.ledgers - set(found.ledgers),
        committed=listing.committed - set(found.manifests),
    )
    before, after = (due(each, at=DAY[9], minutes=60) for each in (listing, left))
    assert after.hours == before.hours, "a deletion must not change which hours are due"


@pytest.mark.parametrize("live", [True, False])
def test_hours_become_due_as_time_passes_and_never_stop_being_due(live: bool):
    listing = Listing(ledgers=frozenset({TEN}), open_hours=frozenset({DAY[5]}))
    seen = [set(due(listing, at=hour, live=live).hours) for hour in DAY]
    assert all(earlier <= later for earlier, later in pairwise(seen))
    assert seen[-1] == set(DAY[:5] if live else DAY[:9])
