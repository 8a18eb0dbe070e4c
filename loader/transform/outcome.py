"""What becomes of a record line: a `Sale`, an `Other` or a `Reject`, always exactly one."""

from enum import StrEnum

import msgspec

from loader.transform.sale import Sale


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
    """A whole message of another event type, counted under its name (see `archive.event_type`)."""

    event_type: str


class Reject(msgspec.Struct, frozen=True):
    """A line that cannot be trusted: the reason for a machine, the detail for a person.

    `event_type` is the name under which the manifest counted the line. The detail is at most
    200 characters and may quote the message.
    """

    event_type: str
    reason: Reason
    detail: str


Outcome = Sale | Other | Reject
