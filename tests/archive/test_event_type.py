"""The name under which a message is counted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.event_type import OTHER, SALE, UNPARSED, UNTYPED, counted_type, event_type_of


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b'{"event_type":"item_sold","payload":{}}', SALE),
        (b'{ "payload" : {}, "event_type" : "item_listed" }', "item_listed"),
        (b'{"event":"item_listed","sent_at":"x","payload":{"event_type":"item_listed","payload":{}}}', "item_listed"),
        (b'{"payload":{}}', UNTYPED),
        (b'{"event_type":null}', UNTYPED),
        (b'{"event_type":7}', OTHER),
        (b'{"event_type":"DROP TABLE"}', OTHER),
        (b'{"event_type":"\\u0061"}', "a"),
        (b'{"payload":{"name":"\\ud83d"},"event_type":"item_sold"}', SALE),
        (b"[1]", UNTYPED),
        (b"7", UNTYPED),
        (b'{"event_type":"x","payload":nope}', UNTYPED),
        (b"", UNPARSED),
    ],
)
def test_messages_are_counted_by_name(message: bytes, expected: str) -> None:
    assert event_type_of(message) == expected


@given(st.binary())
def test_nothing_raises_and_no_name_is_free(message: bytes) -> None:
    assert event_type_of(message) in {UNPARSED, UNTYPED, OTHER}


@given(st.from_regex(r"[a-z][a-z0-9_]{0,47}", fullmatch=True).filter(str.isascii))
def test_names_that_a_server_would_send_are_kept(name: str) -> None:
    assert event_type_of(json.dumps({"event_type": name}).encode()) == name


@given(st.text())
def test_other_names_are_one(name: str) -> None:
    text = json.dumps(name).encode()
    assert counted_type(text) in {name, OTHER}


def test_a_message_nested_too_deeply_does_not_raise() -> None:
    assert event_type_of(b'{"payload":' + b"[" * 100_000 + b"]" * 100_000 + b"}") == UNTYPED


def test_only_a_text_is_a_name() -> None:
    assert counted_type(b'"item_sold"') == SALE
    assert counted_type(b"[item_sold]") == OTHER
