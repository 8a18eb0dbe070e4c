"""Processes that live and die on one spool, by a clock that the test turns."""

from datetime import datetime, timedelta

from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.repair import inheritance, repair
from collector.spool.spool import Batch, Spool
from tests.collector.spool.account import account_of
from tidemark.archive.record import record_line
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp

HOUR = Hour.parse("2026-11-22T15")
TOPIC = "collection:*"


class Life:
    """Processes that receive numbered messages into one spool, one after the other, by a clock that the test turns."""

    def __init__(self, disk: Disk, *, largest: int = 1000) -> None:
        self.disk = disk
        self.now = HOUR.start + timedelta(minutes=10)
        self.sent: list[tuple[datetime, bytes]] = []
        self._largest = largest
        disk.prepare()
        self.start()

    def start(self) -> None:
        """A process starts, joins, and has written so much."""
        repair(self.disk, self.now)
        before = inheritance(self.disk)
        self.now = max(self.now, before.floor)
        self.ledger = Ledger(self.disk, "run")
        self.ledger.start(self.now, [TOPIC], "tidemark", before)
        self.spool = Spool(self.disk, self.ledger, self.now, largest=self._largest)
        self.spool.checkpoint()
        self.pass_time(1)
        self.join()

    def remove(self) -> None:
        """The topic is no longer wanted, until it is joined again."""
        self.pass_time(0.01)
        self.ledger.unsubscribe(self.now, TOPIC)

    def join(self) -> None:
        """The topic is wanted, and joined."""
        if TOPIC not in self.ledger.topics:
            self.ledger.subscribe(self.now, TOPIC)
        self.proof = self.now
        self.ledger.join(self.now, 1, TOPIC)

    def lose(self, reason: str) -> None:
        """The connection is lost; it proved what it brought."""
        self.ledger.lose(self.now, 1, TOPIC, self.proof, reason)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, as the collector's tick does."""
        self.now += timedelta(seconds=seconds)
        self.spool.turn(self.now)

    def receive(self, count: int = 1) -> None:
        """Receive messages in one read."""
        self.pass_time(0.01)
        messages = [b'{"number":%d}' % (len(self.sent) + number) for number in range(count)]
        self.sent += ((self.now, message) for message in messages)
        lines = [record_line(format_timestamp(self.now), TOPIC, message) for message in messages]
        batch = Batch(self.ledger.proven(self.now, 1), self.now, count)
        self.proof = self.now
        self.ledger.prove(self.now, 1)
        self.spool.add(batch, lines, sum(map(len, lines)))

    def balance(self) -> None:
        """Nothing is lost, nothing is there twice."""
        account = account_of(self.disk.root, self.sent)
        assert account.lost == ()
        assert account.doubled == ()
        assert account.kept + account.in_gaps >= account.sent
