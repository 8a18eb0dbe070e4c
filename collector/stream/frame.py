"""Phoenix frames: `[join_ref, ref, topic, event, payload]`; sent as arrays, read as arrays and as objects."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tidemark.archive.record import on_one_line
from tidemark.core.surrogates import replace_lone_surrogates

HEARTBEAT_TOPIC: Final = "phoenix"
REPLY: Final = "phx_reply"
ERROR: Final = "phx_error"
CLOSE: Final = "phx_close"
CONTROL: Final = frozenset({REPLY, ERROR, CLOSE})

Ref = str | int | None
Frame = tuple[Ref, Ref, str | None, str | None, bytes | msgspec.Raw]


class _Object(msgspec.Struct):
    """The object form of 2022 to 2024; the documentation of 2022 shows it without a topic."""

    event: str
    payload: msgspec.Raw
    topic: str | None = None
    ref: Ref = None
    join_ref: Ref = None


class _Reply(msgspec.Struct):
    status: str = ""


_read_array = msgspec.json.Decoder(tuple[Ref, Ref, str, str, msgspec.Raw]).decode
_read_object = msgspec.json.Decoder(_Object).decode
_read_reply = msgspec.json.Decoder(_Reply).decode
_encode = msgspec.json.encode


def read_frame(data: bytes) -> Frame:
    """Read a frame in either form. Never raises: what is not valid JSON or no frame has neither event nor topic.

    The payload is the message as received, on one line. An object without a topic is kept whole: it is the message.
    """
    try:
        if not data.isascii():
            data.decode()
        if data[:1] == b"[" and b"\n" not in data and b"\r" not in data:
            return _read_array(data)
        return _read_rare(data)
    except (ValueError, RecursionError):
        return _read_with_lone_surrogates(data)


def _read_with_lone_surrogates(data: bytes) -> Frame:
    """Read a frame in which half of a surrogate pair stands alone; its payload is kept as received."""
    whole = replace_lone_surrogates(data)
    if whole == data or read_frame(whole)[3] is None:
        return None, None, None, None, data
    join_ref, ref, topic, event, payload = read_frame(whole)
    start = on_one_line(whole).rindex(bytes(payload))
    return join_ref, ref, topic, event, on_one_line(data)[start : start + len(bytes(payload))]


def _read_rare(data: bytes) -> Frame:
    """Read a frame with line breaks or in object form."""
    if data.lstrip()[:1] == b"[":
        array = _read_array(data)
        return *array[:4], on_one_line(bytes(array[4]))
    found = _read_object(data)
    payload = data if found.topic is None else bytes(found.payload)
    return found.join_ref, found.ref, found.topic, found.event, on_one_line(payload)


def is_ok(reply: bytes | msgspec.Raw) -> bool:
    """Say whether the payload of a `phx_reply` is a consent; any other status is a refusal."""
    try:
        return _read_reply(reply).status == "ok"
    except ValueError:
        return False


def join_frame(ref: str, topic: str, event_types: Sequence[str] = ()) -> bytes:
    """Print a join, with a server-side filter where event types are given; its ref is the join_ref from then on."""
    return _encode([ref, ref, topic, "phx_join", {"event_types": event_types} if event_types else {}])


def leave_frame(join_ref: str, ref: str, topic: str) -> bytes:
    """Print a leave."""
    return _encode([join_ref, ref, topic, "phx_leave", {}])


def heartbeat_frame(ref: str) -> bytes:
    """Print a heartbeat."""
    return _encode([None, ref, HEARTBEAT_TOPIC, "heartbeat", {}])
