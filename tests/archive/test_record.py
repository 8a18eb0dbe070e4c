"""The record line: a message kept byte for byte on one line."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidemark.archive.record import (
    LINE_END,
    LONGEST_LINE,
    count_lines,
    line_start,
    on_one_line,
    read_record,
    record_line,
    unparsed_line,
)

AT = "2026-11-22T15:04:05.123456Z"
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
messages = st.one_of(
    values.map(lambda value: json.dumps(value).encode()),
    values.map(lambda value: json.dumps(value, ensure_ascii=False, indent=1).encode()),
)


@given(st.none() | texts, messages)
def test_a_message_is_kept(topic: str | None, message: bytes) -> None:
    line = record_line(AT, topic, message)
    record = read_record(line)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert (record.received_at, record.topic) == (AT, topic)
    assert bytes(record.message) == message.replace(b"\n", b" ").strip()
    assert msgspec.json.decode(record.message) == msgspec.json.decode(message)


@given(messages)
def test_the_pieces_make_the_line(message: bytes) -> None:
    assert line_start(AT, "t") + on_one_line(message) + LINE_END == record_line(AT, "t", message)


@given(st.binary())
def test_any_frame_is_kept(frame: bytes) -> None:
    line = unparsed_line(AT, frame)
    record = read_record(line)
    assert line.count(b"\n") == 1
    if record.unparsed_base64 is None:
        assert record.unparsed is not None
        assert record.unparsed.encode() == frame
    else:
        assert msgspec.json.decode(f'"{record.unparsed_base64}"', type=bytes) == frame


def test_half_a_character_is_read_as_the_replacement_character() -> None:
    record = read_record(record_line(AT, "t", rb'{"name":"Moon \ud83d"}'))
    assert msgspec.json.decode(record.message) == {"name": "Moon \ufffd"}


@pytest.mark.parametrize("topic", [b'"collection:\xff"', b"5", b"{}"])
def test_a_topic_that_cannot_be_read_does_not_cost_the_message(topic: bytes) -> None:
    record = read_record(record_line(AT, None, b"{}").replace(b"null", topic))
    assert (record.topic, bytes(record.message)) == (None, b"{}")


@given(st.binary())
@example(b"{}")
@example(b'{"received_at":"x","message":1}')
@example(b'{"received_at":"2026-11-22T15:04:05Z","topic":"t"}')
@example(b"\0\0\0")
@example(b"")
@example(b'{"received_at":"0001-01-01T00:00:00+14:00","message":{}}')
@example(b'{"received_at":"2100-01-01T00:00:00Z","message":{}}')
@example(b'{"received_at":"2026-11-22T15:04:05Z","message":' + b"[" * 5000 + b"]" * 5000 + b"}")
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_record(line)


@given(st.binary(max_size=50) | st.lists(st.just(b"x\n")).map(b"".join))
def test_line_ends_are_counted(data: bytes) -> None:
    assert count_lines(data) == data.count(b"\n")


def test_the_largest_message_fits_into_a_line() -> None:
    assert len(unparsed_line("2026-11-22T15:04:05.123456Z", b"\xff" * 30)) < 30 * 4 / 3 + 100
    assert 64 * 2**20 * 4 / 3 + 100 < LONGEST_LINE < 128 * 2**20
