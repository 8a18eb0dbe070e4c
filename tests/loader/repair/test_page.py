"""A page is read event by event, and how long the API asks to wait is read in every form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.loader.repair.page import Event, read_page, wait_asked

NOW = 1795359600.0  # 2026-11-22T15:00:00Z
GOOD = b'{"event_type":"sale","event_timestamp":%d}'


def page(*events: bytes, following: bytes = b'"abc"') -> bytes:
    return b'{"asset_events":[' + b",".join(events) + b'],"next":' + following + b"}"


def test_a_page_keeps_the_text_of_its_events() -> None:
    event = b'{"event_type": "sale", "event_timestamp": 5, "payment": 1e400}'
    [found] = read_page(page(event)).events
    assert found == (event, "sale", 5, True, 1)
    assert read_page(page(event)).next == "abc"


def test_the_last_page_has_no_next() -> None:
    assert read_page(b'{"asset_events":[],"next":null}') == ([], None)
    assert read_page(b'{"asset_events":[]}') == ([], None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"[" * 10_000,
        b'"' + b'\\"' * 100_000,
        b'{"asset_events":null}',
        b'{"asset_events":[],"next":5}',
        b'{"events":[[{"event_type":"sale"}]]}',
        page(GOOD % 6, GOOD % 5)[:60],
        page(GOOD % 6, GOOD % 5)[:-1],
        page(GOOD % 6, b'{"event_type":"sale","x":"\\ud83d"}')[:-10],
    ],
)
def test_anything_else_and_a_page_that_broke_off_is_no_page(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a page"):
        read_page(body)


@pytest.mark.parametrize(
    "damaged",
    [
        b"null",
        b'"sale"',
        b"[]",
        b"5",
        b"{}",
        b'{"event_type":null,"event_timestamp":5}',
        b'{"event_type":"sale","price":NaN}',
        b'{"event_type":"sale","price":0x5}',
        b'{"event_type":"sale","name":"a\tb"}',
        b'{"event_type":"sale" "event_timestamp":5}',
        b'{"event_type":"sale","nft":{"name":"never ends}',
        b'{"event_type":"sale","nft":{"name":"a"}',
        b'{"event_type":"sale","nft":' + b"[" * 2000 + b"]" * 2000 + b"}",
    ],
)
@pytest.mark.parametrize("following", [b"null", b'"abc"'])
def test_a_damaged_event_costs_no_other_one(damaged: bytes, following: bytes) -> None:
    found = read_page(page(GOOD % 7, damaged, GOOD % 6, following=following))
    assert [event.at for event in found.events if event.kind == "sale" and event.at] == [7, 6]
    [other] = [event for event in found.events if event.at is None or event.kind is None]
    assert other.wanted
    assert other.text == damaged
    assert found.next == json.loads(following)


@pytest.mark.parametrize("text", [b"", b"]", b"}", b"[{", b",", b'\\"'])
def test_events_with_their_keys_in_another_order_are_cut_by_brackets(text: bytes) -> None:
    turned = b'{"event_timestamp":%d,"nft":["' + text + b'"],"event_type":"sale"}'
    events = read_page(page(turned % 6, b'{"event_timestamp":7,"x":tru}', turned % 5)).events
    assert [(each.readable, each.at) for each in events] == [(True, 6), (False, None), (True, 5)]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb"half \ud83d", rb"half \ufffd"),
        (rb"\ude00 half", rb"\ufffd half"),
        (rb"\ud83d\ude00 \ud83d\ud83d\ude00", rb"\ud83d\ude00 \ufffd\ud83d\ude00"),
        (rb"\\ud83d \ud83d", rb"\\ud83d \ufffd"),
        (b"\xff \xc3\xa9", "\ufffd é".encode()),
    ],
)
def test_half_a_character_in_a_text_becomes_a_replacement_character(text: bytes, mended: bytes) -> None:
    event = b'{"event_type":"sale","event_timestamp":5,"name":"%b"}'
    assert read_page(page(GOOD % 6, event % text)).events[1] == (event % mended, "sale", 5, True, 1)


@pytest.mark.parametrize(
    ("raw", "at"),
    [("5", 5), ('"1795359600"', 1795359600), ("null", None), ("1795359600000", None), ("-5", None), ("1e400", None),
     ("5.5", None), ('"2026-08-05T00:45:20"', None), ("{}", None), ("true", None)],
)  # fmt: skip
def test_only_plain_seconds_are_a_time(raw: str, at: int | None) -> None:
    event = f'{{"event_type":"sale","event_timestamp":{raw}}}'.encode()
    assert read_page(page(event)).events[0][1:3] == ("sale", at)


def test_other_types_are_not_wanted() -> None:
    assert not read_page(page(b'{"event_type":"transfer","event_timestamp":null}')).events[0].wanted


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=20)), max_size=8), st.data())
def test_whatever_is_damaged_the_others_are_read(events: list[tuple[bool, str]], data: st.DataObject) -> None:
    """Cut a byte out of, or write one into, some events of a page: the others are exactly what they were."""
    texts = [
        json.dumps({"event_type": "sale", "event_timestamp": number, "nft": {"name": name}}).encode()
        for number, (_, name) in enumerate(events, 1)
    ]
    written = list(texts)
    for number, (damage, _) in enumerate(events):
        if damage:
            place = data.draw(st.integers(15, len(texts[number]) - 1))  # behind its first key
            byte = data.draw(st.sampled_from([b"", b'"', b"\\", b"{", b"}", b"]", b",", b"\xff", b"\x00"]))
            written[number] = texts[number][:place] + byte + texts[number][place + 1 :]
    found = [event.text for event in read_page(page(*written)).events]
    assert [text for (damage, _), text in zip(events, texts, strict=True) if not damage and text not in found] == []


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
        ({"retry-after": "Thu, 01 Jan 99999999999 00:00:00 GMT"}, None),
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


def test_one_event_of_a_page_is_the_first_of_its_kind() -> None:
    damaged = b'{"event_type":"sale","event_timestamp":1,"x":}'
    page = read_page(b'{"asset_events":[{"event_type":"sale","event_timestamp":2},' + damaged + b"]}")
    assert [(each.readable, each.copy) for each in page.events] == [(True, 1), (False, 1)]
    assert Event(b"", None, None, readable=False).copy == 1


def test_equal_events_of_a_page_are_counted_and_kept() -> None:
    event = b'{"event_type":"sale","event_timestamp":1}'
    page = read_page(b'{"asset_events":[' + event + b"," + event + b"]}")
    assert [(each.text, each.copy) for each in page.events] == [(event, 1), (event, 2)]
