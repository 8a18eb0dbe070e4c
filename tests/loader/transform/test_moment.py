"""Times in every form that servers have used, bounded and in UTC."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tidemark.loader.transform.moment import AHEAD, REPLAYED_AFTER, is_replayed, moment_of, sold_at_of
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.sale import SoldAtSource

NOON = datetime(2026, 9, 9, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b'"2024-01-22T06:16:20.121651+00:00"', datetime(2024, 1, 22, 6, 16, 20, 121651, UTC)),
        (b'"2026-09-09T10:18:39.860000Z"', datetime(2026, 9, 9, 10, 18, 39, 860000, UTC)),
        (b'"2026-09-09T12:18:39+02:00"', datetime(2026, 9, 9, 10, 18, 39, tzinfo=UTC)),
        (b'"1788949571"', datetime(2026, 9, 9, 10, 26, 11, tzinfo=UTC)),
        (b"1788949571", datetime(2026, 9, 9, 10, 26, 11, tzinfo=UTC)),
        (b"null", None),
        (b'""', None),
        (b"", None),
    ],
)
def test_every_form_is_read_as_utc(text: bytes, moment: datetime | None) -> None:
    assert moment_of(Raw(text), "sent_at") == moment


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'"2026-09-09T10:18:39"', Reason.MALFORMED),
        (b'"yesterday"', Reason.MALFORMED),
        (b'"0001-01-01T00:00:00+14:00"', Reason.MALFORMED),
        (b"1788949571.5", Reason.MALFORMED),
        (b"99999999999999999999", Reason.MALFORMED),
        (b"{}", Reason.MALFORMED),
        (b"true", Reason.MALFORMED),
        (b'"\xff"', Reason.MALFORMED),
        (b"0", Reason.OUT_OF_RANGE),
        (b'"9999-12-31T00:00:00Z"', Reason.OUT_OF_RANGE),
    ],
)
def test_anything_else_is_no_time(text: bytes, reason: Reason) -> None:
    with pytest.raises(UnfitError, match="sent_at") as caught:
        moment_of(Raw(text), "sent_at")
    assert caught.value.reason is reason


@given(st.binary(max_size=40))
def test_no_bytes_do_more_than_be_refused(text: bytes) -> None:
    try:
        moment = moment_of(Raw(text), "sent_at")
    except UnfitError:
        return
    assert moment is None or moment.tzinfo is UTC


def test_the_first_time_that_is_known_is_when_it_was_sold() -> None:
    assert sold_at_of(EARLIER, NOON, NOON, NOON) == (EARLIER, SoldAtSource.TRANSACTION)
    assert sold_at_of(None, EARLIER, NOON, NOON) == (EARLIER, SoldAtSource.CLOSING)
    assert sold_at_of(None, None, NOON, NOON) == (NOON, SoldAtSource.EVENT)
    with pytest.raises(UnfitError):
        sold_at_of(None, None, None, NOON)


def test_a_sale_from_further_ahead_than_any_clock_is_slow_is_none() -> None:
    assert sold_at_of(NOON + AHEAD, None, None, NOON)[0] == NOON + AHEAD
    with pytest.raises(UnfitError, match="but received at") as caught:
        sold_at_of(NOON + AHEAD + timedelta(microseconds=1), None, None, NOON)
    assert caught.value.reason is Reason.OUT_OF_RANGE


def test_a_sale_sent_late_is_a_broadcast_of_an_old_one() -> None:
    assert not is_replayed(NOON, NOON + REPLAYED_AFTER)
    assert is_replayed(NOON, NOON + REPLAYED_AFTER + timedelta(microseconds=1))
