"""Packing a segment: one pass over its lines that counts, compresses and digests them, in bounded memory.

What the pass found is kept as `NAME.json` beside the packed file and, once that is uploaded, in its place.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import BinaryIO

import msgspec
import zstandard

from tidemark.archive.record import LONGEST_LINE
from tidemark.archive.tally import Tally
from tidemark.archive.topic_counts import TopicCounts
from tidemark.storage.object_store import Place

_BATCH = 1 << 18


class PackedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says of a segment, and what it adds up over the hour's segments.

    `sha256` is the hexadecimal digest of the compressed file, `place` where that was uploaded, None before it was.
    """

    records: int
    bytes: int
    compressed_bytes: int
    sha256: str
    event_types: dict[str, int]
    topics: dict[str, TopicCounts]
    first_received_at: datetime | None
    last_received_at: datetime | None
    place: Place | None = None


_decoder = msgspec.json.Decoder(PackedSegment)


def print_packed(packed: PackedSegment) -> bytes:
    """Print a record as one line of JSON."""
    return msgspec.json.encode(packed) + b"\n"


def read_packed(data: bytes) -> PackedSegment:
    """Read a record. Raises ValueError (msgspec.ValidationError or DecodeError) for anything else."""
    try:
        return _decoder.decode(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


class _Digesting:
    """A file that digests what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self.size += len(data)
        return self._file.write(data)


def compressor(level: int) -> zstandard.ZstdCompressor:
    """Return a compressor whose frames carry the content's size and checksum.

    It uses one core: several files are packed at a time, and more threads per file would only make frames that
    depend on the machine.
    """
    return zstandard.ZstdCompressor(level=level, write_checksum=True, write_content_size=True)


def _batches(source: BinaryIO, longest: int) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield lines to be counted, with the bytes to be written; of a line that is too long its end alone is counted."""
    waiting: list[bytes] = []  # the pieces of a line whose end was not read yet
    size, cut = 0, False
    while chunk := source.read(_BATCH):
        end = chunk.rfind(b"\n") + 1
        if end:
            data = b"".join((*waiting, chunk[:end]))
            lines = BytesIO(data).readlines()
            too_long = cut or size + chunk.find(b"\n") >= longest
            yield [b"\n", *lines[1:]] if too_long else lines, data
            waiting, size, cut = [], 0, False
        waiting.append(chunk[end:])
        size += len(chunk) - end
        if size > longest:
            yield [], b"".join(waiting)
            waiting, size, cut = [], 0, True
    if cut or size:
        data = b"".join(waiting)
        yield [b"\n" if cut else data], data


def pack(source: BinaryIO, size: int, target: BinaryIO, *, level: int, longest: int = LONGEST_LINE) -> PackedSegment:
    """Compress a sealed segment of `size` bytes into one zstd frame and return what it holds.

    A line of more than `longest` bytes, which no collector writes, is counted as unparsed without being read whole.
    Raises OSError when a disk does, and zstandard.ZstdError when the file has another size.
    """
    tally = Tally()
    digesting = _Digesting(target)
    # never a context manager: after an OSError that would end the frame, and complain of its size instead
    writer = compressor(level).stream_writer(digesting, size=size, closefd=False)  # type: ignore[arg-type]
    for lines, data in _batches(source, longest):
        tally.add(lines)
        writer.write(data)
    writer.flush(zstandard.FLUSH_FRAME)
    return PackedSegment(
        records=tally.records,
        bytes=size,
        compressed_bytes=digesting.size,
        sha256=digesting.sha256.hexdigest(),
        event_types=dict(tally.event_types),
        topics=tally.topics,
        first_received_at=tally.first_received_at,
        last_received_at=tally.last_received_at,
    )
