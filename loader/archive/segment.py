"""The record lines of a compressed segment, checked against everything that its manifest says of them."""

import hashlib
from collections.abc import Iterator
from typing import IO, Protocol, cast

from zstandard import ZstdDecompressor, ZstdError

from archive.manifest import Segment
from archive.problem import Problem
from archive.record import count_lines

CHUNK = 256 << 10  # what a core keeps close while it is unpacked, counted and read: half the time of a megabyte
_HINT = (
    "Do not trust this object: compare it with the collector's own copy (its spool keeps uploaded segments for a "
    "while), put the right one back under its key, and load the hour again. Nothing of the hour was loaded"
)


class Body(Protocol):
    """The bytes of an object, as S3 hands them out."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""


class _Counted:
    """A body that knows the length and the digest of what was read from it."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._sha256 = hashlib.sha256()
        self.length = 0

    def read(self, size: int) -> bytes:
        data = self._body.read(size)
        self._sha256.update(data)
        self.length += len(data)
        return data

    def drained(self) -> str:
        """Read to the end and return the digest of the whole."""
        while self.read(CHUNK):
            pass
        return self._sha256.hexdigest()


def unpacked(body: Body, segment: Segment) -> Iterator[bytes]:
    """Yield the record lines in chunks of 256 KiB, cut anywhere.

    Raises Problem where the object is not byte for byte the one that the manifest describes, at the latest after
    the last chunk: what came before is to be trusted only when the iteration has ended.
    """
    source = _Counted(body)
    size = records = 0
    last = b"\n"
    broken: ZstdError | None = None
    try:
        # the reader ends silently where the object does, hence the counting
        with ZstdDecompressor().stream_reader(cast("IO[bytes]", source), CHUNK, read_across_frames=True) as reader:
            while size <= segment.bytes and (chunk := reader.read(CHUNK)):
                size, records, last = size + len(chunk), records + count_lines(chunk), chunk[-1:]
                yield chunk
    except ZstdError as error:
        broken = error
    _check_object(source, segment)
    if broken:
        raise Problem(f"{segment.key} cannot be unpacked ({broken})", _HINT)
    if (size, records, last) != (segment.bytes, segment.records, b"\n"):
        found, said = f"{records} lines in {size} bytes", f"{segment.records} lines in {segment.bytes} bytes"
        raise Problem(f"{segment.key} unpacks to {found}, its manifest says {said}", _HINT)


def _check_object(source: _Counted, segment: Segment) -> None:
    digest, length = source.drained(), source.length
    if length != segment.compressed_bytes:
        said = f"has {length} bytes, its manifest says {segment.compressed_bytes}: it was cut or replaced"
        raise Problem(f"{segment.key} {said}", _HINT)
    if digest != segment.sha256:
        said = f"has the SHA-256 {digest}, its manifest says {segment.sha256}: it was damaged or replaced"
        raise Problem(f"{segment.key} {said}", _HINT)
