"""Counting what a segment holds, line by line."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from archive.event_type import UNPARSED, event_type_of
from archive.record import read_record


class Tally(msgspec.Struct, kw_only=True):
    """What record lines hold: how many of each event type, and between which moments they were received.

    A line that is no record, which a failing disk can leave behind, is counted as unparsed: it is shipped as it is,
    and the loader quarantines it.
    """

    records: int = 0
    event_types: Counter[str] = msgspec.field(default_factory=Counter)
    first_received_at: str | None = None
    last_received_at: str | None = None

    def add(self, lines: Iterable[bytes]) -> None:
        """Count whole lines, in the order in which they stand in the file."""
        for line in lines:
            self.records += 1
            try:
                record = read_record(line)
            except ValueError:
                self.event_types[UNPARSED] += 1
                continue
            self.event_types[event_type_of(record.message)] += 1
            self.first_received_at = self.first_received_at or record.received_at
            self.last_received_at = record.received_at
