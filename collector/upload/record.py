"""The record of a packed segment, kept as `NAME.json` beside it and, once it is shipped, in its place."""

from datetime import datetime

import msgspec


class PackedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says of a segment, and what it adds up over the hour's segments.

    `sha256` is the hexadecimal digest of the compressed file.
    """

    records: int
    bytes: int
    compressed_bytes: int
    sha256: str
    event_types: dict[str, int]
    first_received_at: datetime | None
    last_received_at: datetime | None


_decoder = msgspec.json.Decoder(PackedSegment)


def print_packed(packed: PackedSegment) -> bytes:
    """Print a record as one line of JSON."""
    return msgspec.json.encode(packed) + b"\n"


def read_packed(data: bytes) -> PackedSegment:
    """Read a record. Raises ValueError (msgspec.ValidationError or DecodeError) for anything else."""
    return _decoder.decode(data)
