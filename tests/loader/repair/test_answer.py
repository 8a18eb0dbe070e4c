"""What the API answers, and how long it asks to wait, in every form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.loader.repair.answer import read_page, wait_asked

NOW = 1795359600.0  # 2026-11-22T15:00:00Z


def test_a_page_keeps_the_text_of_its_events() -> None:
    event = b'{"event_type": "sale", "event_timestamp": 5, "payment": 1e400}'
    page, events = read_page(b'{"asset_events":[' + event + b'],"next":"abc"}')
    assert [bytes(text) for text in page.asset_events] == [event]
    assert (events[0].event_type, events[0].event_timestamp, page.next) == ("sale", 5, "abc")


def test_the_last_page_has_no_next() -> None:
    assert read_page(b'{"asset_events":[],"next":null}')[0].next is None
    assert read_page(b'{"asset_events":[]}')[0].next is None


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"asset_events":[{}]}', b'{"asset_events":[{"event_type":"sale"}]}', b"[" * 10000],
)
def test_anything_else_is_no_page(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_page(body)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 15:01:30 GMT"}, 90.0),
        ({"retry-after": "Sun, 22 Nov 2026 14:59:30 GMT"}, 0.0),
        ({"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 5.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 60.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795359642"}, 42.0),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "60"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_read_in_every_form(headers: dict[str, str], wait: float | None) -> None:
    assert wait_asked(headers, NOW) == wait


@given(st.text())
def test_no_header_does_more_than_say_nothing(text: str) -> None:
    wait = wait_asked({"retry-after": text}, NOW)
    assert wait is None or wait >= 0
