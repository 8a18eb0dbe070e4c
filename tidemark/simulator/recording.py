"""A recording that is sent again: each line a frame or an envelope as it was received, byte for byte."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Self

import msgspec

from tidemark.archive.event_type import SALE, UNPARSED, event_type_of
from tidemark.core.errors import Problem
from tidemark.simulator.message import Message, SaleKey


class _Array(msgspec.Struct, array_like=True):
    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    message: msgspec.Raw


class _Object(msgspec.Struct):
    topic: str | None = None
    event: str | None = None
    event_type: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Collection(msgspec.Struct):
    slug: str


class _About(msgspec.Struct):
    collection: _Collection


class _Item(msgspec.Struct):
    nft_id: str


class _Transaction(msgspec.Struct):
    hash: str


class _Sale(msgspec.Struct):
    item: _Item
    transaction: _Transaction
    order_hash: str | None = None


_array = msgspec.json.Decoder(_Array)
_object = msgspec.json.Decoder(_Object)
_about = msgspec.json.Decoder(_About)
_sale = msgspec.json.Decoder(_Sale)


def read_recorded(line: bytes) -> Message:
    """Turn a recorded line into a message: a frame is sent unchanged, an envelope gets a frame around it.

    Never raises: what is neither is sent unchanged to every subscription.
    """
    line = line.strip()
    try:
        if line.startswith(b"["):
            return _message(bytes(_array.decode(line).message), frame=line)
        found = _object.decode(line)
        if found.event is not None:
            return _message(line if found.topic is None else bytes(found.payload), frame=line)
        if found.event_type is not None:
            return _message(line)
    except ValueError:
        pass
    return Message(UNPARSED, None, line, frame=line)


def _message(body: bytes, *, frame: bytes | None = None) -> Message:
    """Read of an envelope what routing and the ledger need; the documentation's frame has it one level deeper."""
    envelope = _object.decode(body)
    if envelope.event_type is None:
        envelope = _object.decode(envelope.payload)
    event_type = event_type_of(body)
    sale = _sale_key(envelope.payload) if event_type == SALE else None
    try:
        slug = _about.decode(envelope.payload).collection.slug
    except ValueError:
        slug = None
    return Message(event_type, slug, body, sale, frame)


def _sale_key(payload: msgspec.Raw) -> SaleKey | None:
    """Return what identifies a sale, or None where the recording cut it."""
    try:
        sale = _sale.decode(payload)
        chain, contract, token = sale.item.nft_id.split("/")
    except ValueError:
        return None
    return SaleKey(chain, sale.transaction.hash, contract, token, sale.order_hash or "")


class Recording:
    """The lines of a recording, once, unchanged."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a JSON Lines file. Raises Problem where it cannot be read."""
        try:
            return cls(path.read_bytes().splitlines())
        except OSError as error:
            raise Problem(
                f"the recording {path} cannot be read ({error.strerror})", "Name a JSON Lines file with --recording."
            ) from error

    def prepare(self, rate: float, now: datetime) -> None:
        """Do nothing; a recording is ready."""

    def next(self, now: datetime) -> Message | None:  # noqa: ARG002 (a recording has its own times)
        """Return the next line."""
        return next((read_recorded(line) for line in self._lines if line.strip()), None)
