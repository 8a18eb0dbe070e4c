"""Damaged files and objects: what the libraries raise for their bytes, and what becomes of them where they are read."""

import hashlib
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import msgspec
import zstandard

from collector.upload.packing import pack
from collector.upload.report import spoiled
from tidemark.archive.ledger import read_entry, read_ledger
from tidemark.archive.manifest import Manifest, Segment
from tidemark.archive.names import ManifestKey
from tidemark.archive.record import Record
from tidemark.core.hour import Hour
from tidemark.loader.s3 import Listed, read_listed
from tidemark.loader.transform.outcome import Reject
from tidemark.loader.transform.read import read_line
from tidemark.loader.verified import unpacked
from tidemark.storage.object_store import Proof, read_proof

_TORN, _NESTED, _OTHER = b'{"hour":', b'{"x":' + b"[" * 200_000, b"[1]"
_HOUR = Hour.parse("2026-11-22T15")
_LISTED = Listed(ManifestKey("", "collector-a", _HOUR), "etag")


class Damage(NamedTuple):
    """`raises` does what the library does with the bytes, `reads` what Tidemark does; it returns or raises Problem."""

    place: str
    raises: Callable[[], object]
    reads: Callable[[], str]


def _loaded_segment() -> str:
    digest = hashlib.sha256(_TORN).hexdigest()
    segment = Segment(key="KEY", records=1, bytes=1, compressed_bytes=len(_TORN), sha256=digest)
    return b"".join(unpacked([_TORN], segment)).decode()


def _uploaded(what: str, act: Callable[[], object]) -> str:
    try:
        act()
    except (ValueError, zstandard.ZstdError) as error:
        raise spoiled(what, error) from None
    return "uploaded"


def _quarantined(line: bytes) -> str:
    found = read_line(line)
    assert isinstance(found, Reject)  # noqa: S101 - the line is damaged
    return f"the line is quarantined with the reason {found.reason}; every other line of the hour is loaded"


def _pack_grown() -> object:
    return pack(BytesIO(b"{}\n{}\n"), 3, BytesIO(), level=1)


def _decoded(kind: type, data: bytes) -> Callable[[], object]:
    return lambda: msgspec.json.decode(data, type=kind)


DAMAGES: tuple[Damage, ...] = (
    Damage("a segment that is loaded", lambda: zstandard.decompress(_TORN), _loaded_segment),
    Damage("a segment that changes while it is packed", _pack_grown, lambda: _uploaded("SEGMENT", _pack_grown)),
    *(
        Damage("a manifest that is loaded", raises, lambda data=data: str(read_listed(_LISTED, data)))  # type: ignore[misc]
        for raises, data in (
            (_decoded(Manifest, _TORN), _TORN),
            (_decoded(Manifest, _OTHER), _OTHER),
            (lambda: msgspec.json.decode(_NESTED), _NESTED),
        )
    ),
    *(
        Damage("a line of a segment that is loaded", _decoded(Record, data), lambda data=data: _quarantined(data))  # type: ignore[misc]
        for data in (_TORN, _OTHER)
    ),
    Damage(
        "a line of a ledger", lambda: read_entry(_TORN), lambda: _uploaded("HOUR", lambda: read_ledger(_TORN + b"\n"))
    ),
    Damage(
        "a proof of the endpoint", _decoded(Proof, _TORN), lambda: f"{read_proof(_TORN)}: the endpoint is asked again"
    ),
)
