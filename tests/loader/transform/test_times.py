"""Times in every form that servers have used, bounded and in UTC."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.times import timestamp_of


@pytest.mark.parametrize(
    ("text", "time"),
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
def test_every_form_is_read_as_utc(text: bytes, time: datetime | None) -> None:
    assert timestamp_of(Raw(text), "sent_at") == time


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
        timestamp_of(Raw(text), "sent_at")
    assert caught.value.reason is reason


@given(st.binary(max_size=40))
def test_no_bytes_do_more_than_be_refused(text: bytes) -> None:
    try:
        time = timestamp_of(Raw(text), "sent_at")
    except UnfitError:
        return
    assert time is None or time.tzinfo is UTC
