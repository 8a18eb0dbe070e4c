"""The frame fast path, against the library's complete parser: the same messages in order, however reads fall."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from collector.stream.splitter import (
    MESSAGES_PER_TURN,
    OTHERS_PER_TURN,
    FrameSplitter,
    frame_length,
    split_frames,
)

payloads = st.one_of(
    st.binary(max_size=8),
    st.integers(0, 70_000).map(lambda size: b"\x81" * size),
    st.sampled_from([0, 1, 125, 126, 127, 128, 255, 256, 65_535, 65_536, 65_537]).map(lambda size: b"\x7e" * size),
)
messages = st.one_of(
    st.tuples(st.just("whole"), payloads),
    st.tuples(st.just("binary"), payloads),
    st.tuples(st.just("ping"), st.binary(max_size=125)),
    st.tuples(st.just("parts"), payloads),
)


def printed(kind: str, payload: bytes) -> bytes:
    if kind == "parts":
        half = len(payload) // 2
        frames = [
            Frame(Opcode.TEXT, payload[:half], fin=False),
            Frame(Opcode.PING, b""),
            Frame(Opcode.CONT, payload[half:]),
        ]
    else:
        frames = [Frame({"whole": Opcode.TEXT, "binary": Opcode.BINARY, "ping": Opcode.PING}[kind], payload)]
    return b"".join(frame.serialize(mask=False) for frame in frames)


def divided(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    for start, end in pairwise(sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})):
        yield data[start:end]


def through_the_splitter(reads: list[bytes]) -> tuple[list[bytes], Protocol]:
    """Return the messages as a connection gathers them, with the library's parser behind the splitter."""
    protocol = Protocol(Side.CLIENT, max_size=None)
    parts: list[bytes] = []

    def parse(data: bytes) -> None:
        protocol.receive_data(data)
        for frame in protocol.events_received():
            if isinstance(frame, Frame) and frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                parts.append(bytes(frame.data))
                if frame.fin:
                    splitter.messages.append(b"".join(parts))
                    parts.clear()

    splitter = FrameSplitter(parse)
    for read in reads:
        while read := splitter.take(read):
            pass
    return splitter.messages, protocol


@given(st.lists(messages, max_size=8), st.lists(st.integers(0, 400_000), max_size=12))
@example([("whole", b""), ("whole", b"a")], [1, 2, 3, 4])
@example([("whole", b"x" * 126), ("ping", b""), ("whole", b"")], [1, 2, 3])
def test_every_message_comes_once_and_in_order(story: list[tuple[str, bytes]], cuts: list[int]) -> None:
    data = b"".join(printed(*message) for message in story)
    found, protocol = through_the_splitter(list(divided(data, cuts)))
    assert found == [payload for kind, payload in story if kind != "ping"]
    assert protocol.parser_exc is None


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_byte_by_byte_is_the_same(payloads: list[bytes]) -> None:
    data = b"".join(printed("whole", payload) for payload in payloads)
    assert through_the_splitter([data[at : at + 1] for at in range(len(data))])[0] == payloads


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_bytes_can_break_it(reads: list[bytes]) -> None:
    found, _ = through_the_splitter(reads)
    assert sum(map(len, found)) <= sum(map(len, reads))


@pytest.mark.parametrize("frame", [Frame(Opcode.TEXT, b"hello"), Frame(Opcode.TEXT, b"h" * 300)])
def test_what_a_server_must_not_send_is_for_the_parser(frame: Frame) -> None:
    found, protocol = through_the_splitter([frame.serialize(mask=True)])
    assert found == []
    assert "mask" in str(protocol.parser_exc)
    plain = frame.serialize(mask=False)
    found, protocol = through_the_splitter([bytes([plain[0] | 0x40]) + plain[1:]])
    assert found == []
    assert "reserved" in str(protocol.parser_exc)


def test_a_close_frame_is_for_the_parser() -> None:
    found, protocol = through_the_splitter(
        [printed("whole", b"last") + Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False)]
    )
    assert found == [b"last"]
    assert protocol.close_rcvd is not None


@given(payloads, st.booleans())
def test_the_length_is_that_of_the_printed_frame(payload: bytes, mask: bool) -> None:
    data = Frame(Opcode.TEXT, payload).serialize(mask=mask)
    assert frame_length(b"??" + data, 2) == len(data)
    assert frame_length(data[:1], 0) is None


def test_cutting_stops_at_what_is_not_whole() -> None:
    data = printed("whole", b"one") + printed("whole", b"two")
    messages: list[bytes] = []
    assert split_frames(data[:-1], 0, messages) == 5
    assert messages == [b"one"]


def test_a_read_full_of_tiny_frames_is_dealt_with_in_turns() -> None:
    pings: list[bytes] = []
    splitter = FrameSplitter(pings.append)
    data = Frame(Opcode.PING, b"").serialize(mask=False) * 1000 + printed("whole", b"last")
    turns = 0
    while data:
        before = len(pings)
        data, turns = splitter.take(data), turns + 1
        assert len(pings) - before <= OTHERS_PER_TURN
    assert (len(pings), splitter.messages, turns) == (1000, [b"last"], 8)


def test_a_read_full_of_tiny_messages_is_dealt_with_in_turns() -> None:
    splitter = FrameSplitter(list[bytes]().append)
    data = printed("whole", b"aa") * (MESSAGES_PER_TURN + 1)
    rest = splitter.take(data)
    assert len(splitter.messages) == MESSAGES_PER_TURN
    splitter.messages = []
    assert splitter.take(rest + printed("whole", b"bb")) == b""
    assert splitter.messages == [b"aa", b"bb"]
