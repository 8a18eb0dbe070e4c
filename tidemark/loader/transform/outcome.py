"""What becomes of a record line that is no sale, and the error that makes it a reject."""

import re
from enum import StrEnum

import msgspec

LONGEST_DETAIL = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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
    """A value of a message cannot stand in a sale; becomes a `Reject` and never leaves the transform."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def rejected(event_type: str, reason: Reason, detail: str) -> Reject:
    """Return a reject whose detail is short and printable, whatever it quotes."""
    return Reject(event_type, reason, _CONTROL.sub("?", detail)[:LONGEST_DETAIL])
