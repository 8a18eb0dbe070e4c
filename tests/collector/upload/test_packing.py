import hashlib
import io
import os
import random
import tracemalloc
from errno import EDQUOT, EIO, ENOSPC
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from collector.upload.packing import PackedSegment, pack, print_packed, read_packed
from tidemark.archive.record import record_line
from tidemark.archive.topic_counts import TopicCounts

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LINE = record_line("2026-11-20T10:00:01.000000Z", "collection:*", b'{"event_type":"item_sold"}')


def packed(content: bytes, level: int = 1) -> tuple[bytes, PackedSegment]:
    target = io.BytesIO()
    record = pack(io.BytesIO(content), len(content), target, level=level)
    return target.getvalue(), record


@given(st.lists(st.binary(max_size=50), max_size=20).map(lambda lines: b"".join(line + b"\n" for line in lines)))
def test_any_content_comes_back_byte_for_byte(content: bytes):
    compressed, record = packed(content)
    assert zstandard.decompress(compressed) == content
    assert record.bytes == len(content)
    assert record.compressed_bytes == len(compressed)
    assert record.sha256 == hashlib.sha256(compressed).hexdigest()
    assert record.records == content.count(b"\n")


def test_the_frame_carries_the_size_and_checksum_of_its_content():
    compressed, record = packed(LINE * 1000)
    frame = zstandard.get_frame_parameters(compressed)
    assert frame.content_size == len(LINE) * 1000
    assert frame.has_checksum
    assert record.records == 1000
    assert record.event_types == {"item_sold": 1000}
    assert record.topics == {"collection:*": TopicCounts((0,), (1000,), (1000,))}


def test_is_one_frame_and_always_the_same_bytes():
    first, _ = packed(LINE * 5_000)
    second, _ = packed(LINE * 5_000)
    assert first == second
    assert zstandard.ZstdDecompressor().decompressobj().decompress(first) == LINE * 5_000


def test_a_file_that_is_shorter_than_announced_is_refused():
    with pytest.raises(zstandard.ZstdError):
        pack(io.BytesIO(LINE), len(LINE) + 1, io.BytesIO(), level=1)


def test_a_full_disk_is_told_as_one():
    chance = random.Random(1)
    content = record_line("2026-11-20T10:00:01.000000Z", "collection:*", chance.randbytes(3_000_000).hex().encode())
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb", buffering=0) as target:  # noqa: PTH123
        pack(io.BytesIO(content), len(content), target, level=1)


class Dying(io.BytesIO):
    """A file that gives and takes `left` bytes and then fails, at every call from there on."""

    def __init__(self, content: bytes, left: int, number: int) -> None:
        super().__init__(content)
        self._left = left
        self._number = number

    def _use(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise OSError(self._number, os.strerror(self._number))

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(min(size or 0, 1000))
        self._use(len(data))
        return data

    def write(self, data: "ReadableBuffer", /) -> int:
        self._use(memoryview(data).nbytes)
        return super().write(data)


CONTENT = b"".join(
    record_line("2026-11-20T10:00:01.000000Z", "collection:*", random.Random(number).randbytes(400).hex().encode())
    for number in range(20)
)


@given(st.integers(0, len(CONTENT) - 1), st.sampled_from([ENOSPC, EDQUOT, EIO]), st.booleans())
def test_an_error_of_a_disk_is_told_as_it_was_wherever_it_strikes(left: int, number: int, reading: bool):
    source = Dying(CONTENT, left if reading else 2 * len(CONTENT), number)
    target = Dying(b"", 2 * len(CONTENT) if reading else min(left, 5000), number)
    with pytest.raises(OSError, match=r".+") as failed:
        pack(source, len(CONTENT), target, level=1)
    assert failed.value.errno == number


def test_memory_does_not_grow_with_the_segment(tmp_path):
    source = tmp_path / "segment.jsonl"
    peaks = []
    for repeat in (1, 3):
        source.write_bytes(LINE * 15_000 * repeat)
        tracemalloc.start()
        with source.open("rb") as content, (tmp_path / "out").open("wb") as target:
            pack(content, source.stat().st_size, target, level=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (1 << 20) // 2


@given(st.lists(st.integers(0, 60), max_size=8), st.integers(1, 30), st.booleans())
def test_a_line_that_is_too_long_is_counted_once_and_kept_byte_for_byte(sizes: list[int], longest: int, torn: bool):
    content = b"".join(b"x" * size * 100_000 + b"\n" for size in sizes)
    content = content[:-1] if torn and content else content
    target = io.BytesIO()
    record = pack(io.BytesIO(content), len(content), target, level=1, longest=longest * 100_000)
    assert zstandard.decompress(target.getvalue()) == content
    assert record.records == content.count(b"\n") + (bool(content) and not content.endswith(b"\n"))
    assert record.event_types == ({"unparsed": record.records} if record.records else {})


def test_memory_does_not_grow_with_a_line_that_is_too_long(tmp_path):
    source = tmp_path / "segment.jsonl"
    peaks = []
    for size in (8 << 20, 40 << 20):
        source.write_bytes(b"x" * size + b"\n" + LINE)
        tracemalloc.start()
        with source.open("rb") as content, (tmp_path / "out").open("wb") as target:
            record = pack(content, source.stat().st_size, target, level=1, longest=4 << 20)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (record.records, record.event_types) == (2, {"unparsed": 1, "item_sold": 1})
    assert peaks[1] < peaks[0] + (1 << 20)


@given(st.from_type(PackedSegment))
def test_what_was_printed_reads_back_equal(packed: PackedSegment):
    assert read_packed(print_packed(packed)) == packed


@given(st.binary(max_size=60))
@example(b'{"x":' + b"[" * 100_000)
def test_anything_else_is_a_value_error(data: bytes):
    with pytest.raises(ValueError, match=r".+"):
        read_packed(data)
