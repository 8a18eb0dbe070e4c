"""Counting what a segment holds, line by line."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

from tidemark.archive.event_type import UNPARSED, counted_type, event_type_of
from tidemark.archive.record import read_record
from tidemark.core.timestamps import parse_timestamp


class _Envelope(msgspec.Struct):
    event_type: msgspec.Raw


class _Line(msgspec.Struct):
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    message: _Envelope


_usual = msgspec.json.Decoder(_Line)


class Tally(msgspec.Struct, kw_only=True):
    """What record lines hold: how many of each event type, and between which moments they were received.

    A line that is no record, which a failing disk can leave behind, is counted as unparsed: it is shipped as it is,
    and the loader quarantines it.
    """

    event_types: Counter[str] = msgspec.field(default_factory=Counter)
    first_received_at: datetime | None = None
    last_received_at: datetime | None = None

    @property
    def records(self) -> int:
        """How many lines were counted."""
        return self.event_types.total()

    def add(self, lines: Iterable[bytes]) -> None:
        """Count whole lines, in the order in which they stand in the file."""
        for line in lines:
            try:
                record = _usual.decode(line)  # one pass over the line; three times as fast as reading it in full
            except (msgspec.DecodeError, RecursionError):
                self._add_unusual(line)
            else:
                self._count(counted_type(record.message.event_type), record.received_at)

    def _add_unusual(self, line: bytes) -> None:
        try:
            record = read_record(line)
        except ValueError:
            self.event_types[UNPARSED] += 1
        else:
            self._count(event_type_of(record.message), parse_timestamp(record.received_at))

    def _count(self, event_type: str, received_at: datetime) -> None:
        self.event_types[event_type] += 1
        self.first_received_at = self.first_received_at or received_at
        self.last_received_at = received_at
