"""Random servers in simulated time, and an oracle that knows what they sent: is every lost message in a gap?

`python -m tests.collector.random_servers ROUNDS SEED` plays many rounds and prints what it found. The stream machine,
the recorder, the ledger and the fold are the real ones; socket, disk and clocks are simulated.
"""

import asyncio
import json
import os
import re
import sys
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from errno import EIO, ENOSPC
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import structlog

from collector.recorder import Recorder
from collector.run import GRACE
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.repair import inheritance, repair
from collector.spool.spool import Spool
from collector.stream.protocol import ChannelProtocol, Dead, Timers
from collector.stream.rate import Rate
from collector.stream.websocket import ConnectError
from collector.timeline import Timeline
from tests.support.ledgers import gaps_in
from tidemark.archive.reasons import Reason
from tidemark.core.clock import EPOCH, Clock
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp

HOUR = Hour.parse("2026-11-22T15")
STEP = 0.05
REFUSED = ConnectError(Reason.SERVER_ERROR, Problem("the server failed", "Wait", transient=True))
MESSAGES = 3500
NOTICEABLE_MESSAGES, NOTICEABLE_SECONDS, KNOWN = 40, 0.45, 60


class MemoryDisk(Disk):
    """A disk that costs no time. It fails with `error`: a full one takes `room` bytes, another loses what is unsafe."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"))
        self.files: dict[str, bytearray] = {}
        self.error: int | None = None
        self.room = 0
        self._synced: dict[str, int] = {}
        self._open: dict[int, str] = {}
        self._descriptors = 0

    def names(self, folder: str) -> list[str]:
        return sorted(path.partition("/")[2] for path in self.files if path.startswith(f"{folder}/"))

    def everywhere(self) -> list[str]:
        return sorted(self.files)

    def size(self, path: str) -> int:
        return len(self.files[path])

    def read(self, path: str) -> bytes:
        return bytes(self.files[path])

    @contextmanager
    def view(self, path: str) -> Iterator[bytes]:
        yield bytes(self.files[path])

    def _maybe(self, *errors: int) -> None:
        if self.error in errors:
            raise OSError(self.error, os.strerror(self.error))

    def create(self, path: str) -> int:
        self._maybe(ENOSPC)
        self.files[path] = bytearray()
        return self._descriptor(path)

    def _descriptor(self, path: str) -> int:
        self._descriptors += 1
        self._open[self._descriptors] = path
        return self._descriptors

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if self.error == ENOSPC and self.room:
            data = data[: self.room]
            self.room -= len(data)
        else:
            self._maybe(ENOSPC)
        self.files[self._open[descriptor]] += data
        return len(data)

    def truncate(self, descriptor: int, size: int) -> None:
        del self.files[self._open[descriptor]][size:]

    def sync(self, descriptor: int) -> None:
        path = self._open[descriptor]
        if self.error == EIO:
            self.truncate(descriptor, self._synced.get(path, 0))
        self._maybe(EIO)
        self._synced[path] = len(self.files[path])

    def share(self, descriptor: int) -> int:
        return self._descriptor(self._open[descriptor])

    def close(self, descriptor: int) -> None:
        del self._open[descriptor]

    def put_at(self, path: str, offset: int, data: bytes) -> None:
        self._maybe(ENOSPC, EIO)
        file = self.files.setdefault(path, bytearray())
        file[offset:] = data

    def move(self, path: str, folder: str) -> None:
        self.files[f"{folder}/{path.partition('/')[2]}"] = self.files.pop(path)

    def remove(self, path: str) -> None:
        del self.files[path]


class TopicGap(NamedTuple):
    """A gap of a topic, in seconds since the world began."""

    topic: str
    start: float
    end: float


@dataclass
class Sent:
    """A message that the server published. `queued` says whether it ever stood in a queue of the client's."""

    at: float
    topic: str
    number: int
    queued: bool = False
    joined: bool = False


@dataclass
class ServerSide:
    """One socket as the server sees it: what it subscribed to, and what waits to be delivered, in order."""

    subscribed: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    queue: deque[tuple[float, bytes, int | None]] = field(default_factory=deque)
    per_second: float = 1e9
    budget: float = 0.0
    open: bool = True


class World:
    """A server with troubles, and the client: the real stream machine, in simulated time."""

    def __init__(self, seed: int, recorder: Callable[..., Recorder] = Recorder) -> None:
        self.seed = seed
        self.new_recorder = recorder
        self.random = random = Random(seed)
        self.now = 0.0
        names = ["collection:*", "collection:cats", "collection:dogs"]
        self.topics = random.sample(names, random.choice((1, 1, 2, 3)))
        self.usual = {topic: 10 ** random.uniform(-0.7, 1.9) for topic in self.topics}
        if "collection:*" in self.usual:  # it has everything, so it is never slower than one collection
            self.usual["collection:*"] = max(self.usual.values()) * random.uniform(1, 1.5)
        self.rates = dict(self.usual)
        self.length = min(random.uniform(200, 500), max(90.0, MESSAGES / sum(self.usual.values())))
        self.latency = random.uniform(0.01, 0.15)
        self.ahead = random.choice((0.0, random.uniform(-40, 40)))  # of the server's clock
        self.sent: list[Sent] = []
        self.received: set[int] = set()
        self.sides: dict[int, ServerSide] = {}
        self.refusing = False
        self.stalled: set[str] = set()
        self.pauses = [0.1, 5.0]
        self.events: list[tuple[float, Callable[[], None]]] = []
        self.troubles: list[str] = []
        self.joined_for: dict[str, list[tuple[float, float]]] = {topic: [(0.0, 0.0)] for topic in self.topics}
        self.disk = MemoryDisk()
        self.plan()
        self.began = self.draw_beginning()
        self.start()

    # the client

    def real(self) -> float:
        return self.moment(self.now).timestamp()

    def clock(self) -> float:
        return self.now

    def moment(self, at: float) -> datetime:
        return self.began + timedelta(seconds=at)

    def start(self) -> None:
        """Start a process on the spool, as `Collector.open` does."""
        repair(self.disk, self.moment(self.now), GRACE)
        before = inheritance(self.disk)
        timeline = Timeline(Clock(), max(EPOCH, before.floor), self.real(), self.now)
        self.ledger = Ledger(self.disk, "run", grace=GRACE)
        self.ledger.start(timeline.last, self.topics, "tidemark", before)
        self.spool = Spool(self.disk, self.ledger, timeline.last)
        rates = {topic: Rate(*rate) for topic, rate in before.rates.items()}
        self.recorder = self.new_recorder(
            self.spool, timeline, rates, before.silences, real=self.real, clock=self.clock
        )
        self.started_at = self.now
        self.clients: dict[int, ChannelProtocol] = {}
        self.current: int | None = None
        self.renewing: tuple[int, int, Reason, float, bool] | None = None
        self.connect_at = self.now
        self.age_at = 0.0
        self.pause = 0.25

    def connect(self) -> int | None:
        if self.refusing:
            self.recorder.fail(REFUSED, self.pause)
            return None
        number = self.recorder.number() + 1000 * len(self.troubles)
        protocol = ChannelProtocol(self.topics, timers=Timers(30, 10), chance=self.random.random)
        self.clients[number], self.sides[number] = protocol, ServerSide()
        protocol.opened(self.now)
        self.pump(number)
        return number

    def pump(self, number: int) -> None:
        protocol = self.clients[number]
        for data in protocol.take_sends():
            self.answer(self.sides[number], json.loads(data))
        for event in protocol.take_events():
            if isinstance(event, Dead):
                self.end(number, event.reason)
                return
            self.recorder.note(number, event, self.now)

    def end(self, number: int, reason: Reason) -> None:
        if number in self.clients:
            del self.clients[number]
            self.sides.pop(number).open = False
            self.recorder.lose(number, reason, self.now)

    def tick(self) -> None:
        """Do what the subscriber and the collector do several times a second."""
        for number in list(self.clients):
            self.clients[number].tick(self.now)
            self.pump(number)
        self.recorder.tick(self.now)
        if self.renewing:
            self.go_on_renewing(*self.renewing)
        elif self.current is not None and self.current not in self.clients:
            self.current, self.connect_at = None, self.now + self.pause * self.random.uniform(0.5, 1)
        elif self.current is None and self.now >= self.connect_at:
            self.current = self.connect()
            self.connect_at = self.now + self.pause * self.random.uniform(0.5, 1)
            self.age_at = self.now + self.random.uniform(60, 200)
        elif self.current is not None:
            self.renew(self.current)

    def renew(self, current: int) -> None:
        """Replace the connection when it is time, or the machine asks for it."""
        reason = self.recorder.wants_renewal(current, self.now)
        if reason is None and self.now >= self.age_at:
            reason = Reason.RENEWED
        if reason and (new := self.connect()) is not None:
            self.recorder.hand_over(current, new)
            self.renewing = current, new, reason, self.now + 30, False
        elif reason:
            self.age_at = self.now + 5

    def go_on_renewing(self, old: int, new: int, reason: Reason, deadline: float, settled: bool) -> None:
        alive = old in self.clients and new in self.clients
        if alive and not settled and self.clients[new].settled:
            self.clients[old].ask(self.now)
            self.pump(old)
            self.renewing = old, new, reason, self.now + 120, True
        elif not alive or self.now >= deadline or (settled and self.recorder.is_met(old, new)):
            replaced = old not in self.clients or (settled and new in self.clients)
            self.end(old if replaced else new, reason)
            self.current, self.renewing = new if replaced else old, None
            self.age_at = self.now + self.random.uniform(60, 200)

    # the server

    def answer(self, side: ServerSide, frame: list[object]) -> None:
        join_ref, ref, topic, event, _ = frame
        if event == "phx_join":
            side.subscribed.add(str(topic))
            side.dead.discard(str(topic))
        reply = json.dumps([join_ref, ref, topic, "phx_reply", {"status": "ok"}]).encode()
        side.queue.append((self.now, reply, None))

    def publish(self) -> None:
        for topic in self.topics:
            joined = self.joined_for[topic]
            is_joined = any(topic in side.subscribed for side in self.sides.values())
            joined.append((self.now, joined[-1][1] + STEP * is_joined))
            at = self.now - STEP
            while self.rates[topic] > 0 and (at := at + self.random.expovariate(self.rates[topic])) <= self.now:
                self.sent.append(Sent(at, topic, len(self.sent)))
                self.broadcast(self.sent[-1])

    def broadcast(self, message: Sent) -> None:
        stamp = format_timestamp(self.moment(message.at + self.ahead))
        payload = {"sent_at": stamp, "payload": {"number": message.number, "collection": {"slug": "other"}}}
        data = json.dumps([None, None, message.topic, "item_listed", payload]).encode()
        for side in self.sides.values():
            if message.topic in side.subscribed:
                message.joined = True
                if message.topic not in self.stalled | side.dead:
                    message.queued = True
                    side.queue.append((message.at, data, message.number))

    def deliver(self) -> None:
        for number, side in list(self.sides.items()):
            side.budget = min(side.budget + side.per_second * STEP, max(1.0, side.per_second * STEP))
            datas: list[bytes] = []
            while side.queue and side.budget >= 1 and side.queue[0][0] + self.latency <= self.now:
                _, data, message = side.queue.popleft()
                side.budget -= 1
                datas.append(data)
                if message is not None:
                    self.received.add(message)
            if datas and number in self.clients:
                if frames := self.clients[number].receive(datas, self.now):
                    self.recorder.record(number, frames, self.now)
                self.pump(number)

    # troubles

    def plan(self) -> None:
        """Draw what will happen, and when."""
        kinds: list[Callable[[], None]] = [
            self.close, self.reset, self.stall, self.refuse, self.kill_topic, self.slow, self.burst, self.hush,
            self.crash_channel, self.restart, self.drain, self.repeat, self.fail_disk, self.fail_disk_under_lag,
        ]  # fmt: skip
        at = self.random.uniform(20, 60)
        while at < self.length - 20:
            self.events.append((at, self.random.choice(kinds)))
            at += self.random.expovariate(1 / 40)
        self.events.reverse()

    def draw_beginning(self) -> datetime:
        """Draw when the world begins: at an hour's start, or so that an hour ends in it, likely near a kill."""
        kills = [at for at, trouble in self.events if trouble == self.restart]
        ends = self.random.choice((*kills, self.random.uniform(30, self.length - 30)))
        return self.random.choice((HOUR.start, HOUR.end - timedelta(seconds=ends + self.random.uniform(-2, 6))))

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        self.events.append((self.now + seconds, what))
        self.events.sort(key=lambda event: -event[0])

    def close(self) -> None:
        for number in list(self.clients):
            self.end(number, Reason.CLOSED_BY_SERVER)

    def reset(self) -> None:
        for number in list(self.clients):
            self.end(number, Reason.CONNECTION_LOST)

    def stall(self) -> None:
        """Send nothing, or nothing of one topic, also where it is joined again."""
        self.stalled = set(self.topics) if self.random.random() < 0.5 else {self.random.choice(self.topics)}
        self.later(self.random.choice((0.5, 3, 20, 70, 150)), self.recover)

    def recover(self) -> None:
        self.stalled = set()

    def refuse(self) -> None:
        self.refusing = True
        self.reset()
        self.later(self.random.choice((1, 10, 60)), self.admit)

    def admit(self) -> None:
        self.refusing = False

    def kill_topic(self) -> None:
        topic = self.random.choice(self.topics)
        for side in self.sides.values():
            side.dead.add(topic)
        if self.random.random() < 0.5:
            self.later(self.random.choice((2, 15, 60)), lambda: self.revive(topic))

    def revive(self, topic: str) -> None:
        for side in self.sides.values():
            side.dead.discard(topic)

    def slow(self) -> None:
        for side in self.sides.values():
            side.per_second = sum(self.usual.values()) * self.random.uniform(0.3, 0.95)
            if self.random.random() < 0.3:
                self.later(self.random.uniform(5, 60), lambda side=side: setattr(side, "per_second", 1e9))

    def drain(self) -> None:
        """Let a queue grow, then stay silent for about as long as it takes to drain: what comes hardly pauses."""
        share, grows = self.random.uniform(0.3, 0.7), self.random.uniform(2, 8)
        silence = grows * (1 - share) / share * self.random.uniform(0.7, 1.2)
        for side in self.sides.values():
            side.per_second = sum(self.rates.values()) * share
            self.later(grows + silence, lambda side=side: setattr(side, "per_second", 1e9))
        self.later(grows, lambda: self.stalled.update(self.topics))
        self.later(grows + silence, self.recover)

    def repeat(self) -> None:
        """Send messages of the last minutes a second time, for a while."""
        old = [message for message in self.sent if message.number in self.received][-5000:]
        if old and self.random.random() < 0.9:
            self.broadcast(self.random.choice(old))
            self.later(self.random.expovariate(2.0), self.repeat)

    def burst(self) -> None:
        topic = self.random.choice(self.topics)
        self.rates[topic] = min(150.0, self.usual[topic] * 10)
        self.later(self.random.uniform(2, 20), lambda: self.rates.update({topic: self.usual[topic]}))

    def hush(self) -> None:
        topic = self.random.choice(self.topics)
        self.rates[topic] = 0.0
        self.later(self.random.choice((2, 20, 90)), lambda: self.rates.update({topic: self.usual[topic]}))

    def crash_channel(self) -> None:
        topic = self.random.choice(self.topics)
        for side in self.sides.values():
            if topic in side.subscribed:
                side.subscribed.discard(topic)
                side.queue.append((self.now, json.dumps([None, None, topic, "phx_error", {}]).encode(), None))

    def fail_disk(self) -> None:
        """Let the disk be full, or fail to sync and lose what it had taken."""
        self.disk.error, self.disk.room = self.random.choice((ENOSPC, EIO)), self.random.choice((0, 500, 20_000))
        self.later(self.random.choice((0.5, 2, 10)), self.mend_disk)

    def mend_disk(self) -> None:
        self.disk.error = None

    def fail_disk_under_lag(self) -> None:
        """Let a queue grow and then drain, and the disk fail while it does."""
        grows = self.random.uniform(3, 20)
        for side in self.sides.values():
            side.per_second = sum(self.usual.values()) * self.random.uniform(0.05, 0.5)
            drains = sum(self.usual.values()) * self.random.uniform(2, 20)
            self.later(grows, lambda side=side, drains=drains: setattr(side, "per_second", drains))
        self.later(grows + self.random.uniform(-1, 2), self.fail_disk)

    def restart(self) -> None:
        """Kill the process: what it had not synced is not claimed; another starts. It has lived for a while."""
        if self.now < self.started_at + 35:
            return
        self.recorder.flush()
        self.mend_disk()
        self.clients.clear()
        self.sides.clear()
        self.now += self.random.choice(self.pauses)
        self.start()

    def run(self) -> "Verdict":
        synced = ticked = 0.0
        while self.now < self.length:
            self.now = round(self.now + STEP, 6)
            while self.events and self.events[-1][0] <= self.now:
                _, trouble = self.events.pop()
                self.troubles.append(f"{self.now:.1f} {trouble.__name__}")
                trouble()
            self.publish()
            self.deliver()
            if self.now - ticked >= 0.1 - 1e-9:
                ticked = self.now
                self.tick()
            if self.now - synced >= 1.0:
                synced = self.now
                self.recorder.flush()
                self.spool.checkpoint()
        for number in list(self.clients):
            self.end(number, Reason.NOT_RUNNING)
        self.mend_disk()
        self.recorder.flush()
        self.spool.close()
        return self.judge()

    def judge(self) -> "Verdict":
        """Compare what was sent with what was kept and what is claimed."""
        gaps, kept = self.gaps(), self.kept()
        false, unseen, lost = [], 0, 0
        losses: dict[str, list[float]] = {topic: [] for topic in self.topics}
        for topic in self.topics:
            spans = [(start, end) for name, start, end in gaps if name == topic]
            own = [message for message in self.sent if message.topic == topic]
            heard = [message.at for message in own if message.number in self.received]
            queued = [message.at for message in own if message.queued]
            for message in own:
                if message.number in kept or message.at >= self.length - 1:
                    continue
                lost += 1
                losses[topic].append(message.at)
                if any(start <= message.at < end for start, end in spans):
                    continue
                if message.joined and not message.queued and not self._must_be_noticed(heard, queued, message):
                    unseen += 1
                else:
                    false.append(message)
        return Verdict(self, gaps, lost, false, unseen, losses)

    def kept(self) -> set[int]:
        """Return the numbers of the messages that are on disk."""
        files = (data for path, data in self.disk.files.items() if not path.endswith(".coverage.jsonl"))
        return {int(number) for data in files for number in re.findall(rb'"number": ([0-9]+)', data)}

    def gaps(self) -> list[TopicGap]:
        """Return the gaps that the ledgers of all hours show."""
        found = []
        for gap in gaps_in(self.disk):
            start, end = ((moment - self.began).total_seconds() for moment in (gap.start, gap.end))
            found.append(TopicGap(gap.topic, start, end))
        return found

    def _must_be_noticed(self, heard: list[float], queued: list[float], message: Sent) -> bool:
        """Say whether the silence around a message is one that no stream of this rate has by chance.

        Only the time in which the topic was joined counts; reconnections and kills in it do not end it. A message that
        stood in a queue does, also where the queue was lost: that is a gap of its own.
        """
        before = bisect_right(heard, message.at)
        if before < KNOWN:
            return False
        place = bisect_right(queued, message.at)
        begins, ends = queued[place - 1], queued[place] if place < len(queued) else self.length
        silence = self._joined_until(message.topic, ends) - self._joined_until(message.topic, begins)
        last = heard[before - 1]
        recent = before - bisect_left(heard, last - 60)
        rate = min(before / last, recent / 60)
        return silence >= NOTICEABLE_SECONDS and silence * rate >= NOTICEABLE_MESSAGES

    def _joined_until(self, topic: str, at: float) -> float:
        """Return for how many seconds a topic had been joined on some connection."""
        joined = self.joined_for[topic]
        return joined[min(bisect_right(joined, (at,)), len(joined) - 1)][1]


@dataclass
class Verdict:
    """What became of a round. `unseen` were lost in silences too short to be told from chance."""

    world: World
    gaps: list[TopicGap]
    lost: int
    false: list[Sent]
    unseen: int
    losses: dict[str, list[float]]

    def excess(self) -> list[float]:
        """Return by how many seconds each gap that holds losses is longer than from its first to its last loss."""
        found = []
        for topic, start, end in self.gaps:
            within = [at for at in self.losses[topic] if start <= at < end]
            if within and end < self.world.length - 1:
                found.append(end - start - (max(within) - min(within)))
        return found

    def claimed(self) -> float:
        """Return the share of topic time that is claimed."""
        length = self.world.length
        missed = sum(max(0.0, min(end, length) - max(start, 0.0)) for _, start, end in self.gaps)
        return 1 - missed / (length * len(self.world.topics))


async def played(seed: int, recorder: Callable[..., Recorder] = Recorder) -> Verdict:
    """Play one round. It needs a running loop, for the recorder's timer."""
    return World(seed, recorder).run()


def main(rounds: int, seed: int) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    lost = unseen = sent = bad = 0
    excess: list[float] = []
    claimed: list[float] = []
    for number in range(seed, seed + rounds):
        verdict = asyncio.run(played(number))
        sent, lost, unseen = sent + len(verdict.world.sent), lost + verdict.lost, unseen + verdict.unseen
        excess += verdict.excess()
        claimed.append(verdict.claimed())
        if verdict.false:
            bad += 1
            first = verdict.false[0]
            print(f"seed {number}: {len(verdict.false)} claimed falsely, first {first} of {verdict.world.troubles}")
    print(f"{rounds} rounds from seed {seed}: {sent:,} sent, {lost:,} lost, {bad} rounds with false claims; ", end="")
    print(f"{unseen:,} lost in silences that chance explains")
    print(f"gaps longer than their losses: median {median(excess):.2f} s, worst {max(excess):.1f} s; ", end="")
    print(f"claimed: median {median(claimed):.1%}, least {min(claimed):.1%}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
