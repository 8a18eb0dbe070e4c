"""Phoenix frames: `[join_ref, ref, topic, event, payload]`; sent as arrays, read as arrays and as objects."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, cast

import msgspec

from tidemark.archive.record import on_one_line
from tidemark.core.text import replace_lone_surrogates

HEARTBEAT_TOPIC: Final = "phoenix"
REPLY: Final = "phx_reply"
ERROR: Final = "phx_error"
CLOSE: Final = "phx_close"
CONTROL: Final = frozenset({REPLY, ERROR, CLOSE})
_LINE_FEED, _CARRIAGE_RETURN = 0x0A, 0x0D  # as numbers: bytes are looked for by a slower search

Ref = str | int | None


class Frame(NamedTuple):
    """A frame; one that was not understood has neither topic nor event, and its payload is the frame as it came."""

    join_ref: Ref
    ref: Ref
    topic: str | None
    event: str | None
    payload: msgspec.Raw


class _Array(NamedTuple):
    """A frame in array form, which has both topic and event."""

    join_ref: Ref
    ref: Ref
    topic: str
    event: str
    payload: msgspec.Raw


class _Object(msgspec.Struct):
    """The object form of 2022 to 2024; the documentation of 2022 shows it without a topic."""

    event: str
    payload: msgspec.Raw
    topic: str | None = None
    ref: Ref = None
    join_ref: Ref = None


class _Reply(msgspec.Struct):
    status: str = ""


class _Collection(msgspec.Struct):
    slug: str | None = None


class _Payload(msgspec.Struct):
    collection: _Collection = msgspec.field(default_factory=_Collection)


class _Slugged(msgspec.Struct):
    payload: _Payload = msgspec.field(default_factory=_Payload)


_read_array = cast("Callable[[bytes], Frame]", msgspec.json.Decoder(_Array).decode)
_read_object = msgspec.json.Decoder(_Object).decode
_read_reply = msgspec.json.Decoder(_Reply).decode
_read_slugged = msgspec.json.Decoder(_Slugged).decode
_encode = msgspec.json.encode


def read_frame(data: bytes) -> Frame:
    """Read a frame in either form. Never raises: what is not valid JSON or no frame has neither event nor topic.

    The payload is the message as received, on one line. An object without a topic is kept whole: it is the message.
    """
    try:
        if not data.isascii():
            data.decode()
        if data[:1] == b"[" and _LINE_FEED not in data and _CARRIAGE_RETURN not in data:
            return _read_array(data)
        return _read_rare(data)
    except (ValueError, RecursionError):
        return _read_with_lone_surrogates(data)


def _read_with_lone_surrogates(data: bytes) -> Frame:
    """Read a frame that holds half of a surrogate pair; its payload is kept as received."""
    whole = replace_lone_surrogates(data)
    if whole == data or (frame := read_frame(whole)).event is None:
        return Frame(None, None, None, None, msgspec.Raw(data))
    payload = bytes(frame.payload)
    start = on_one_line(whole).rindex(payload)
    return frame._replace(payload=msgspec.Raw(on_one_line(data)[start : start + len(payload)]))


def _read_rare(data: bytes) -> Frame:
    """Read a frame with line breaks or in object form. Raises ValueError."""
    if data.lstrip()[:1] == b"[":
        frame = _read_array(data)
    else:
        found = _read_object(data)
        payload = found.payload if found.topic is not None else msgspec.Raw(data)
        frame = Frame(found.join_ref, found.ref, found.topic, found.event, payload)
    return frame._replace(payload=msgspec.Raw(on_one_line(bytes(frame.payload))))


def is_ok(reply: msgspec.Raw) -> bool:
    """Say whether the payload of a `phx_reply` is a consent; any other status is a refusal."""
    try:
        return _read_reply(reply).status == "ok"
    except ValueError:
        return False


def slug_of(frame: Frame) -> str | None:
    """Return the slug of the collection that a message belongs to; None where it does not say."""
    try:
        return _read_slugged(frame.payload).payload.collection.slug
    except (ValueError, RecursionError):
        return None


def join_frame(ref: str, topic: str, event_types: Sequence[str] = ()) -> bytes:
    """Print a join, with a server-side filter where event types are given; its ref is the join_ref from then on."""
    return _encode([ref, ref, topic, "phx_join", {"event_types": event_types} if event_types else {}])


def leave_frame(join_ref: str, ref: str, topic: str) -> bytes:
    """Print a leave."""
    return _encode([join_ref, ref, topic, "phx_leave", {}])


def heartbeat_frame(ref: str) -> bytes:
    """Print a heartbeat."""
    return _encode([None, ref, HEARTBEAT_TOPIC, "heartbeat", {}])
