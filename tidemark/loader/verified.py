"""The record lines of a compressed segment, checked against everything that its manifest says of them."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import IO, cast

from zstandard import ZstdDecompressor, ZstdError

from tidemark.archive.manifest import Segment
from tidemark.archive.record import line_from
from tidemark.core.errors import Problem

CHUNK = 256 << 10  # what a core keeps close while it is unpacked, counted and read: half the time of a megabyte
_HINT = (
    "Do not trust this object: compare it with the collector's own copy (its spool keeps uploaded segments for a "
    "while), put the right one back under its key, and load the hour again. Nothing of the hour was loaded"
)


class _Counted:
    """A packed object as a file, which knows the length and the digest of what was read of it."""

    def __init__(self, packed: Iterable[bytes]) -> None:
        self._packed = iter(packed)
        self.sha256 = hashlib.sha256()
        self.length = 0

    def read(self, _: int) -> bytes:
        data = next(self._packed, b"")
        self.sha256.update(data)
        self.length += len(data)
        return data


def unpacked(packed: Iterable[bytes], segment: Segment, end: int | None = None) -> Iterator[bytes]:
    """Yield the record lines of an object in chunks of 256 KiB, cut anywhere; the reader counts the lines.

    `packed` is the object in pieces, none of them empty. With `end`, only the lines that begin before that byte are
    wanted. Raises Problem where the object is not byte for byte the one that the manifest describes, at the latest
    after the last chunk: what came before is to be trusted only when the iteration has ended.
    """
    source = _Counted(packed)
    size = 0
    is_cut = False
    broken: ZstdError | None = None
    try:
        # the reader ends silently where the object does, hence the counting
        with ZstdDecompressor().stream_reader(cast("IO[bytes]", source), CHUNK, read_across_frames=True) as reader:
            while not is_cut and size <= segment.bytes and (chunk := reader.read(CHUNK)):
                cut = 0 if end is None else line_from(chunk, end - size)
                size += len(chunk)
                is_cut = cut > 0
                yield chunk[:cut] if is_cut else chunk
    except ZstdError as error:
        broken = error
    _check_object(source, segment)
    if broken:
        raise Problem(f"{segment.key} cannot be unpacked ({broken})", _HINT)
    if size != segment.bytes and not is_cut:
        raise Problem(f"{segment.key} unpacks to {size} bytes, its manifest says {segment.bytes}", _HINT)


def check_records(found: int, segment: Segment) -> None:
    """Raise Problem unless a segment that was read to its end had the lines that its manifest says."""
    if found != segment.records:
        raise Problem(f"{segment.key} unpacks to {found} lines, its manifest says {segment.records}", _HINT)


def _check_object(source: _Counted, segment: Segment) -> None:
    while source.read(CHUNK):  # what lies behind the last frame counts, too
        pass
    digest, length = source.sha256.hexdigest(), source.length
    if length != segment.compressed_bytes:
        said = f"has {length} bytes, its manifest says {segment.compressed_bytes}: it was cut or replaced"
        raise Problem(f"{segment.key} {said}", _HINT)
    if digest != segment.sha256:
        said = f"has the SHA-256 {digest}, its manifest says {segment.sha256}: it was damaged or replaced"
        raise Problem(f"{segment.key} {said}", _HINT)
