"""The coverage ledger as it is written: what is expected, joined and proven now, and the file of each open hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypedDict

from collector.spool.disk import OPEN, SEALED, Disk
from collector.spool.outage import Outages
from collector.spool.repair import DAWN, Inheritance, open_ledgers
from tidemark.archive.ledger import (
    Alive,
    Began,
    Dropped,
    Ended,
    Entry,
    Failed,
    Joined,
    Lost,
    Place,
    Rates,
    Retracted,
    Started,
    Stopped,
    Subscribed,
    Unsubscribed,
    print_entry,
)
from tidemark.archive.names import CoverageName
from tidemark.archive.reasons import Reason
from tidemark.core.hour import Hour


class _File:
    """One hour's ledger: how much of it is safe on disk, and the entries that wait to be written.

    Of those, the first `prepared` may be written: what they say was received is safe. Once it is `ended` nothing more
    is written: it only has to be moved.
    """

    def __init__(self, hour: Hour, *entries: Entry, size: int = 0) -> None:
        self.hour = hour
        self.size = size
        self.waiting = list(entries)
        self.prepared = len(entries)
        self.ended = False

    def append(self, entry: Alive | Dropped) -> None:
        """Add an entry that may be written at once; a proof of life makes an earlier one needless."""
        last = self.waiting[self.prepared - 1] if self.prepared else None
        if isinstance(last, Alive) and isinstance(entry, Alive) and last.connection == entry.connection:
            self.waiting[self.prepared - 1] = entry
        else:
            self.waiting.insert(self.prepared, entry)
            self.prepared += 1


class LedgerStatus(TypedDict):
    """The ledger's part of the collector's status."""

    expected: tuple[str, ...]
    joined: tuple[str, ...]
    uncovered: dict[str, str]
    gaps: dict[str, int]
    gap_seconds: dict[str, float]


class Ledger:
    """Writes every entry into the ledger of each hour that is still open.

    An hour stays open past its end until every connection that was joined in it is proven past it or lost, and for a
    `grace` in which a topic's silence may turn out to have begun in it. `at` is the recorded time; the caller sets it.
    `write` is the only method that touches the disk; what it could not write waits for the next call.
    """

    def __init__(self, disk: Disk, run: str, *, grace: timedelta = timedelta()) -> None:
        self._disk = disk
        self._grace = grace
        self.at = DAWN
        self._run = run
        self._files: list[_File] = []
        self.outages = Outages()
        self._reasons: dict[str, str] = {}
        self._rates: Rates | None = None
        self._places: dict[Place, datetime] = {}
        self._proofs: dict[int, datetime] = {}
        self._durable: dict[int, datetime] = {}

    @property
    def joined(self) -> frozenset[str]:
        """The topics that are joined on some connection now."""
        return frozenset(place.topic for place in self._places)

    def status(self, at: datetime) -> LedgerStatus:
        """Return what is covered now, and the gaps up to a timestamp."""
        return {
            "expected": self.topics,
            "joined": tuple(sorted(self.joined)),
            "uncovered": self.outages.reasons,
            "gaps": dict(self.outages.count),
            "gap_seconds": self.outages.seconds(at),
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that are meant to be covered now."""
        return tuple(self._reasons)

    def start(self, at: datetime, topics: Iterable[str], software: str, before: Inheritance) -> None:
        """Open the hour's ledger, and go on with those that a process before left open."""
        self.at, hour, topics = at, Hour.of(at), tuple(topics)
        self._files = [_File(name.hour, size=self._disk.size(f"{OPEN}/{name}")) for name in open_ledgers(self._disk)]
        if not self._files or self._files[-1].hour != hour:
            unknown: dict[str, str] = dict.fromkeys(topics, Reason.NOT_STARTED) if before.is_new else {}
            self._files.append(_File(hour, Began(hour.start, None, before.expected or unknown)))
        for topic in topics:
            self._miss(topic, at, Reason.CONNECTING)
        self._add(Started(at, self._run, tuple(self._reasons), software))
        self.keep_rates(at, before.rates, before.silences, before.lag)

    def turn(self, hour: Hour) -> None:
        """Open another hour's ledger; those before are closed by `write` as soon as nothing in them is unproven."""
        self.at = max(self.at, hour.start)
        began = Began(hour.start, self._run, dict(self._reasons), tuple(sorted(self._places)))
        self._files.append(_File(hour, began))
        if self._rates:
            self._files[-1].waiting.append(self._rates)

    def subscribe(self, at: datetime, topic: str) -> None:
        """Expect a topic from now on."""
        self._miss(topic, at, Reason.CONNECTING)
        self._add(Subscribed(at, topic))

    def unsubscribe(self, at: datetime, topic: str) -> None:
        """Expect a topic no more."""
        self._reasons.pop(topic, None)
        self.outages.end(topic, at)
        self._places = {place: since for place, since in self._places.items() if place.topic != topic}
        self._add(Unsubscribed(at, topic))

    def join(self, at: datetime, connection: int, topic: str) -> None:
        """Record an acknowledged join."""
        if topic in self._reasons:
            self._places[Place(connection, topic)] = at
            self.outages.end(topic, at)
            self._add(Joined(at, connection, topic))

    def prove(self, at: datetime, connection: int) -> None:
        """Note a proof of life; it is written once what came with it is on disk (`prepare`, `commit`)."""
        self._proofs[connection] = at

    def proven(self, at: datetime, connection: int) -> datetime:
        """Return up to when a connection is proven now, or joined: what it brings from `at` on was sent later."""
        if (proof := self._proofs.get(connection)) is not None:
            return min(at, proof)
        return min((since for place, since in self._places.items() if place.connection == connection), default=at)

    def lose(self, at: datetime, connection: int, topic: str, proof: datetime, reason: str) -> None:
        """Record that nothing is claimed of a topic on a connection after `proof`."""
        if self._places.pop(Place(connection, topic), None) is None:
            return
        if topic in self._reasons and topic not in self.joined:
            self._miss(topic, proof, reason)
        self._add(Lost(at, connection, topic, proof, reason))

    def retract(self, at: datetime, topic: str, proof: datetime, reason: str) -> None:
        """Record that nothing is claimed of a topic after `proof` on connections that have ended."""
        if topic in self._reasons:
            self._add(Retracted(at, topic, proof, reason))

    def keep_rates(
        self,
        at: datetime,
        rates: dict[str, tuple[float, float, float]],
        silences: dict[str, tuple[float, datetime]],
        lag: float | None = None,
    ) -> None:
        """Record how much the topics usually bring and how long they have been silent, of those that are expected."""
        rates = {topic: rate for topic, rate in rates.items() if topic in self._reasons}
        if rates:
            silences = {topic: silence for topic, silence in silences.items() if topic in rates}
            self._rates = Rates(at, rates, silences, lag)
            self._add(self._rates)

    def forget(self, connection: int) -> None:
        """Drop what is known of a connection that is closed."""
        self._proofs.pop(connection, None)
        self._durable.pop(connection, None)

    def fail(self, at: datetime, topic: str | None, reason: str) -> None:
        """Record a failed attempt to connect or to join; the same failure again says nothing new."""
        away = [name for name in self._reasons.keys() - self.joined if topic in (None, name)]
        if any(self._reasons[name] != reason for name in away):
            for name in away:
                self._miss(name, at, reason)
            self._add(Failed(at, topic, reason))

    def dropped(self, at: datetime, until: datetime, messages: int, reason: str) -> None:
        """Record messages that could not be written, or an interval in which messages may be missing."""
        self.outages.count[reason] += 1
        self.outages.add(reason, at, until)
        for file in self._files:
            file.append(Dropped(at, until, messages, reason))

    def stop(self, at: datetime) -> None:
        """Record that the process stops on request."""
        self._add(Stopped(at))

    def prepare(self) -> dict[int, datetime]:
        """Return the proofs so far; pass them to `commit` once everything received until now is safe on disk."""
        for file in self._files:
            file.prepared = len(file.waiting)
        return {connection: at for connection, at in self._proofs.items() if at != self._durable.get(connection)}

    def commit(self, proofs: dict[int, datetime]) -> None:
        """Record proofs of life up to which everything received is safe on disk."""
        joined = {place.connection for place in self._places}
        for connection, at in proofs.items():
            if connection in joined:
                self._durable[connection] = at
                for file in self._files:
                    file.append(Alive(at, connection))

    def write(self, *, close: bool) -> None:
        """Write what was prepared, and close the hours that are over; with `close` false they stay open.

        Raises OSError; what was not written then waits for the next call. An hour that fails keeps no other from
        being written.
        """
        failures: list[OSError] = []
        for file in list(self._files):
            try:
                if file.ended or (close and self._is_over(file)):
                    self._close(file)
                else:
                    self._write(file, file.waiting[: file.prepared])
            except OSError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _is_over(self, file: _File) -> bool:
        whole = file.prepared == len(file.waiting) and file is not self._files[-1]
        return whole and self.at >= file.hour.end + self._grace and self._proven(file.hour.end)

    def _close(self, file: _File) -> None:
        if not file.ended:
            self._write(file, [*file.waiting, Ended(file.hour.end)])
            file.ended = True
        try:
            self._disk.move(f"{OPEN}/{CoverageName(file.hour)}", SEALED)
        except FileNotFoundError:  # it was moved before, and only making that safe had failed
            for folder in (SEALED, OPEN):
                self._disk.sync_folder(folder)
        self._files.remove(file)

    def _write(self, file: _File, entries: list[Entry]) -> None:
        if entries:
            data = b"".join(map(print_entry, entries))
            self._disk.put_at(f"{OPEN}/{CoverageName(file.hour)}", file.size, data)
            file.size += len(data)
            del file.waiting[: file.prepared]
            file.prepared = 0

    def _proven(self, at: datetime) -> bool:
        """Say whether every place joined before a time is proven up to it."""
        return all(
            self._durable.get(place.connection, since) >= at for place, since in self._places.items() if since < at
        )

    def _miss(self, topic: str, since: datetime, reason: str) -> None:
        self._reasons[topic] = reason
        self.outages.begin(topic, since, reason)

    def _add(self, entry: Entry) -> None:
        for file in self._files:
            file.waiting.append(entry)
