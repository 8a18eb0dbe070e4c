"""A message is counted under one name, the same on both sides, whatever it holds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.event_type import OTHER, SALE, UNPARSED, UNTYPED, event_type_of


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (b'{"payload":{},"event_type":"item_sold"}', SALE),
        (b'{"event_type":"item\\u005fsold"}', SALE),
        (b'{"event":"item_sold","payload":{"event_type":"item_sold","payload":{}}}', SALE),
        (b'{"event_type":"item_burned"}', "item_burned"),
        (b'{"event_type":"No Such Thing"}', OTHER),
        (b'{"event_type":5}', OTHER),
        (b'{"event_type":["\\u0041"]}', OTHER),
        (b'{"event_type":null,"payload":{"event_type":"item_sold"}}', UNTYPED),
        (b'{"payload":{}}', UNTYPED),
        (b"[]", UNTYPED),
        (b'{"payload":' + b"[" * 100_000, UNTYPED),
        (b"", UNPARSED),
    ],
)
def test_a_message_has_one_name(message: bytes, name: str) -> None:
    assert event_type_of(message) == name


@given(st.text())
def test_no_name_grows_a_manifest(event_type: str) -> None:
    name = event_type_of(msgspec.json.encode({"event_type": event_type}))
    assert name in {OTHER, event_type}


@given(st.binary())
def test_no_bytes_raise(message: bytes) -> None:
    assert event_type_of(message)
