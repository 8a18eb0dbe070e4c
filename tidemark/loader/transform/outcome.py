"""What becomes of a record line that is no sale: the reasons of rejects, and fields that are left out alone.

One bad field never costs a sale: what is optional and cannot be read is left out and named.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from tidemark.core.text import decode_deep

LONGEST_DETAIL = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
ELIDED = frozenset({"[Object]", "[Array]", "[object Object]"})
ELISIONS = frozenset(f'"{text}"'.encode() for text in ELIDED)
MOST_DROPPED = 32
_PATH = re.compile(r" - at `\$\.(?P<path>[\w.]+)")
_object = msgspec.json.Decoder(dict[str, Raw])

Value = TypeVar("Value")
Result = TypeVar("Result")


class Reason(StrEnum):
    """Why a line is quarantined; a closed set that a machine may count by."""

    NOT_A_RECORD = "not_a_record"
    UNPARSED = "unparsed"
    NO_EVENT_TYPE = "no_event_type"
    CUT = "cut"
    ELIDED = "elided"
    MALFORMED = "malformed"
    OUT_OF_RANGE = "out_of_range"


class Other(msgspec.Struct, frozen=True):
    """A message of another event type, counted under its name (see `tidemark.archive.event_type`)."""

    event_type: str


class Reject(msgspec.Struct, frozen=True):
    """A line that cannot be trusted: the reason for a machine, the detail for a person.

    `event_type` is the name under which the manifest counted the line. `detail` has at most 200 characters, none of
    them a control character, and may quote the message.
    """

    event_type: str
    reason: Reason
    detail: str


class UnfitError(Exception):
    """A value of a message is not fit for a sale; becomes a `Reject` and never leaves the transform."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def rejected(event_type: str, reason: Reason, detail: str) -> Reject:
    """Return a reject whose detail is short and printable, whatever it quotes."""
    return Reject(event_type, reason, _CONTROL.sub("?", detail)[:LONGEST_DETAIL])


def optional(
    unreadable: list[str], read: Callable[[Value, str], Result | None], value: Value, name: str
) -> Result | None:
    """Return what `read` makes of a value; where it raises UnfitError, None, and the name is added to `unreadable`."""
    try:
        return read(value, name)
    except UnfitError:
        unreadable.append(name)
        return None


def decode(decoder: msgspec.json.Decoder[Any], message: bytes, unreadable: list[str]) -> Any:
    """Decode a message; each part that does not have its shape becomes null and its path is added to `unreadable`.

    Of a key that is repeated the last one counts, whatever the others hold.

    Raises msgspec.ValidationError where a part does not fit that has to be there, msgspec.DecodeError for what is no
    JSON, and UnfitError where a debugger's `[Object]` shows that the message was printed and not recorded.
    """
    dropped: dict[str, msgspec.ValidationError] = {}
    single: set[str] = set()
    while True:
        try:
            decoded = decode_deep(decoder.decode, message)
        except msgspec.ValidationError as error:
            found = _PATH.search(str(error))
            path, cause = found["path"] if found else "", error
            if path and path not in single and path != "event_type":  # a message of two types is of none
                single.add(path)
                message = _single(message, path.split("."))
                continue
            while path in dropped:  # null does not fit either: the part around it has to go
                cause = dropped.pop(path)
                path = path.rpartition(".")[0]
            if not path or len(dropped) >= MOST_DROPPED:
                raise cause from None
            dropped[path] = cause
            message = _without(message, path.split("."), cause)
        else:
            unreadable.extend(path.removeprefix("payload.") for path in dropped)
            return decoded


def _single(message: bytes | Raw, path: list[str]) -> bytes:
    """Return the object with each key once along a path: of a repeated key the last counts, as JSON is usually read."""
    fields = decode_deep(_object.decode, bytes(message))
    name, *rest = path
    if rest and bytes(fields.get(name, b""))[:1] == b"{":
        fields[name] = Raw(_single(fields[name], rest))
    return msgspec.json.encode(fields)


def _without(message: bytes | Raw, path: list[str], cause: msgspec.ValidationError) -> bytes:
    """Return the object with null at a path."""
    fields = decode_deep(_object.decode, bytes(message))
    name, *rest = path
    if not rest and bytes(fields.get(name, b"")) in ELISIONS:
        raise UnfitError(Reason.ELIDED, f"a part was left out when the message was printed: {cause}")
    fields[name] = Raw(_without(fields[name], rest, cause)) if rest else Raw(b"null")
    return msgspec.json.encode(fields)
