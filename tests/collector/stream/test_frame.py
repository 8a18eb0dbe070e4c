"""Phoenix frames, in both forms."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.stream.frame import (
    CLOSE,
    CONTROL,
    ERROR,
    HEARTBEAT_TOPIC,
    REPLY,
    Frame,
    heartbeat_frame,
    is_ok,
    join_frame,
    leave_frame,
    read_frame,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
refs = st.none() | texts | st.integers(0, 9)
values = st.recursive(
    st.none() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
layouts = st.sampled_from([None, 1, "\t"])


@given(refs, refs, texts, texts, values, layouts, st.booleans())
def test_an_array_frame_is_read_whatever_its_layout(
    join_ref: object, ref: object, topic: str, event: str, payload: object, indent: int | str | None, escape: bool
) -> None:
    data = json.dumps([join_ref, ref, topic, event, payload], indent=indent, ensure_ascii=escape).encode()
    frame = read_frame(data)
    assert frame[:4] == (join_ref, ref, topic, event)
    assert json.loads(bytes(frame[4])) == payload
    assert b"\n" not in bytes(frame[4])


@given(refs, texts, texts, values, layouts)
def test_an_object_frame_is_read_whatever_its_order(
    ref: object, topic: str, event: str, payload: object, indent: int | str | None
) -> None:
    parts = {"payload": payload, "ref": ref, "event": event, "topic": topic, "more": 1}
    frame = read_frame(json.dumps(parts, indent=indent).encode())
    assert frame[:4] == (None, ref, topic, event)
    assert json.loads(bytes(frame[4])) == payload


def test_the_payload_keeps_every_byte() -> None:
    payload = b'{ "amount" : 1399999999999999911.0 ,"name":"\\u00e9 \xc3\xa9", "n":1e400 }'
    assert bytes(read_frame(b'["1",null,"t","e",' + payload + b"]")[4]) == payload
    assert bytes(read_frame(b'{"topic":"t","event":"e","payload":' + payload + b"}")[4]) == payload


@pytest.mark.parametrize(
    "frame",
    [b'["1",null,"t","e",%b]', b'[ "1" ,null,"t",\n"e",%b ]\n', b'{"payload":%b,"topic":"t","event":"e","ref":"1"}'],
)
def test_half_a_character_is_kept_as_received(frame: bytes) -> None:
    payload = rb'{"name":"Moon \ud83d","also":"\\ud83d \ud83d\ude80"}'
    assert read_frame(frame % payload)[3] == "e"
    assert bytes(read_frame(frame % payload)[4]) == payload


def test_half_a_character_in_what_is_no_frame_changes_nothing() -> None:
    assert read_frame(rb'["\ud83d"') == Frame(None, None, None, None, msgspec.Raw(rb'["\ud83d"'))


def test_an_object_without_a_topic_is_the_message() -> None:
    data = b'{"event":"item_sold","sent_at":"x","payload":{"event_type":"item_sold"}}'
    assert read_frame(data) == Frame(None, None, None, "item_sold", msgspec.Raw(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"7",
        b'"text"',
        b'{"half": ',
        b'["1",null,"t","e"]',
        b'["1",null,"t","e",{},1]',
        b'["1",null,null,"e",{}]',
        b'["1",null,"t",null,{}]',
        b'["1",null,"t","e",{"a":nope}]',
        b'["1",null,"t","e",{"a":"\xff\xfe"}]',
        b'["1",null,"t","e",{"a":"x\ny"}]',
        b'{"topic":"t","event":"e"}',
        b'{"topic":"t","payload":{}}',
        b"\x00" * 64,
        b'["1",null,"t","e",' + b"[" * 100_000 + b"]" * 100_000 + b"]",
    ],
)
def test_what_is_no_frame_comes_back_as_it_came(data: bytes) -> None:
    assert read_frame(data) == Frame(None, None, None, None, msgspec.Raw(data))


@given(st.binary())
def test_nothing_raises(data: bytes) -> None:
    assert read_frame(data)[3] is None


@given(texts, texts, st.lists(texts))
def test_what_is_sent_is_a_frame(ref: str, topic: str, types: list[str]) -> None:
    joined = read_frame(join_frame(ref, topic, types))
    assert joined[:4] == (ref, ref, topic, "phx_join")
    assert msgspec.json.decode(joined[4]) == ({"event_types": types} if types else {})
    assert read_frame(leave_frame(ref, "9", topic))[:4] == (ref, "9", topic, "phx_leave")
    assert read_frame(heartbeat_frame(ref))[:4] == (None, ref, HEARTBEAT_TOPIC, "heartbeat")


@pytest.mark.parametrize(
    ("reply", "ok"),
    [
        (b'{"status":"ok","response":{}}', True),
        (b'{"status":"error","response":{"reason":"unauthorized"}}', False),
        (b'{"status":"timeout"}', False),
        (b"{}", False),
        (b"[]", False),
        (b'{"status":1}', False),
    ],
)
def test_only_ok_is_a_consent(reply: bytes, *, ok: bool) -> None:
    assert is_ok(reply) is ok


def test_control_events_are_distinguished_from_messages() -> None:
    assert {REPLY, ERROR, CLOSE} == CONTROL
