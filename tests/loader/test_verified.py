import hashlib
from collections.abc import Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.manifest import Segment
from tidemark.core.errors import Problem
from tidemark.loader.verified import CHUNK, check_records, unpacked

KEY = "events/date=2026-11-22/hour=15/collector=a/20261122T15.0001.jsonl.zst"
LINES = b'{"a":1}\n{"b":2}\n'


def packed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(data)


def described(body: bytes, lines: bytes) -> Segment:
    return Segment(KEY, lines.count(b"\n"), len(lines), len(body), hashlib.sha256(body).hexdigest())


def pieces(body: bytes) -> Iterator[bytes]:
    return (body[start : start + 7] for start in range(0, len(body), 7))


def read(body: bytes, segment: Segment) -> bytes:
    return b"".join(unpacked(pieces(body), segment))


@given(st.lists(st.binary(max_size=100).map(lambda line: line.replace(b"\n", b" ") + b"\n")).map(b"".join))
def test_what_was_packed_comes_out(lines: bytes) -> None:
    body = packed(lines)
    assert read(body, described(body, lines)) == lines


@given(st.integers(1, len(LINES)), st.integers(0, len(packed(LINES)) - 1), st.integers(1, 255))
def test_lines_that_begin_before_an_end_are_of_an_object_that_is_verified_whole(
    end: int, place: int, change: int
) -> None:
    body = packed(LINES)
    assert b"".join(unpacked(pieces(body), described(body, LINES), end)) == (LINES[:8] if end <= 8 else LINES)
    changed = body[:place] + bytes([body[place] ^ change]) + body[place + 1 :]
    with pytest.raises(Problem, match="it was damaged or replaced"):
        list(unpacked(pieces(changed), described(body, LINES), end))


def test_several_frames_are_one_segment() -> None:
    body = packed(LINES) + packed(LINES)
    assert read(body, described(body, LINES * 2)) == LINES * 2


def test_chunks_are_bounded_however_well_it_was_packed() -> None:
    lines = b"a" * (5 * CHUNK) + b"\n"
    body = packed(lines)
    assert max(map(len, unpacked(pieces(body), described(body, lines)))) <= CHUNK


@given(st.integers(0, len(packed(LINES)) - 1))
def test_an_object_that_ends_early_is_an_error_wherever_it_ends(length: int) -> None:
    body = packed(LINES)
    with pytest.raises(Problem, match="it was cut or replaced"):
        read(body[:length], described(body, LINES))


@pytest.mark.parametrize("cut", [5, 12])
def test_a_frame_that_ends_early_is_an_error_even_where_the_manifest_agrees_with_the_object(cut: int) -> None:
    body = packed(LINES * 1000)[:-cut]
    with pytest.raises(Problem, match="unpack"):
        read(body, described(body, LINES * 1000))


@given(st.integers(0, len(packed(LINES)) - 1), st.integers(1, 255))
def test_a_changed_byte_is_an_error_wherever_it_is(place: int, change: int) -> None:
    body = packed(LINES)
    changed = body[:place] + bytes([body[place] ^ change]) + body[place + 1 :]
    with pytest.raises(Problem, match="it was damaged or replaced"):
        read(changed, described(body, LINES))


@pytest.mark.parametrize("lines", [LINES + b'{"c":3}\n', LINES[:-1], LINES[:8], b""])
def test_other_bytes_than_the_manifest_counts_are_an_error(lines: bytes) -> None:
    body = packed(lines)
    lying = described(body, LINES)
    with pytest.raises(Problem, match="unpacks to"):
        read(body, lying)


def test_nothing_is_read_far_beyond_what_the_manifest_allows() -> None:
    body = packed(b"\n" * (100 * CHUNK))
    chunks = unpacked(pieces(body), described(body, LINES))
    assert len(next(chunks)) == CHUNK
    with pytest.raises(Problem, match="unpacks to"):
        next(chunks)


def test_other_lines_than_the_manifest_counts_are_an_error_once_they_are_counted() -> None:
    segment = described(packed(LINES), LINES)
    check_records(2, segment)
    with pytest.raises(Problem, match="unpacks to 3 lines, its manifest says 2"):
        check_records(3, segment)
