"""One client's connection: what it receives, what is sent to it, and its faults. No input or output."""

from random import Random
from typing import NamedTuple, TypeVar

import msgspec

from tidemark.archive.event_type import UNPARSED
from tidemark.simulator.fault_schedule import ActiveFaults, FaultSchedule, Losses
from tidemark.simulator.faults import (
    Binary,
    Close,
    ConnectionFault,
    CrashChannel,
    Duplicate,
    Fault,
    Garbage,
    Giant,
    HalfOpen,
    IgnoreHeartbeat,
    IgnoreJoin,
    Lossy,
    PingFlood,
    RefuseJoin,
    Reset,
    Shuffle,
    Silence,
    Slow,
    StaleClose,
    UnknownEvent,
)
from tidemark.simulator.message import Message
from tidemark.simulator.stream.channel import HEARTBEAT, JOIN, Channels, Request, Subscription, read_request
from tidemark.simulator.stream.send_queue import Opcode, QueuedFrame, SendQueue, Throttle

BACKLOG = 400_000
"""Frames that wait for a slow client before the server resets its connection."""
BATCH = 4 * 1024 * 1024
F = TypeVar("F", bound=Fault)


class Miss(NamedTuple):
    """A message, published at `at`, that a subscription should have got and was never sent."""

    message: Message
    topic: str | None
    at: str
    cause: str


class Connection:
    """One socket of a client. Times are seconds of a monotonic clock, `at` is the simulator's timestamp.

    `missed` collects what was not sent, until the edge takes it into the ledger.
    """

    def __init__(
        self, number: int, client: str, channels: Channels, faults: FaultSchedule, now: float, *, seed: int = 1
    ) -> None:
        self.number = number
        self.client = client
        self.channels = channels
        self.last_received = now
        self.ending: Close | Reset | None = None
        self.closed = False
        self.active_faults = ActiveFaults()
        self.missed: list[Miss] = []
        self._faults = faults
        self._send_queue = SendQueue()
        self._throttle: Throttle | None = None
        self._random = Random(f"{seed}/{number}")
        self._losses: dict[Lossy, Losses] = {}

    def _request_fault(self, kind: type[F], now: float) -> F | None:
        return self._faults.request_fault(kind, self.client, self.number, now)

    def receive(self, text: str, now: float) -> None:
        """Take a client's frame; anything but a frame ends the connection, as with Phoenix."""
        self.last_received = now
        try:
            request = read_request(text, arrays=self.channels.arrays)
        except ValueError:
            self.ending = Close(code=1011)
            return
        self._send_queue.answer(self._answers(request, now))

    def _answers(self, request: Request, now: float) -> list[bytes]:
        if request.event == HEARTBEAT and self._request_fault(IgnoreHeartbeat, now):
            return []
        if request.event == JOIN:
            if self._request_fault(IgnoreJoin, now):
                return []
            if refusal := self._request_fault(RefuseJoin, now):
                return [self.channels.reply(request, request.join_ref, refusal.reason)]
        return self.channels.answer(request, now)

    def publish(self, message: Message, now: float, at: str) -> None:
        """Queue a message of the stream for every subscription that it is for."""
        frames = []
        for subscription in self.channels.receivers(message):
            if cause := self._miss_cause(subscription, now):
                self.missed.append(Miss(message, subscription.topic, at, cause))
            else:
                frame = self.channels.delivery(subscription, message)
                frames.append(QueuedFrame(frame, message, subscription.topic, at))
        if not frames:
            return
        if not self._send_queue.holding and (shuffle := self._request_fault(Shuffle, now)):
            self._send_queue.hold(shuffle.messages)
        self._send_queue.add(frames)
        if self._request_fault(Duplicate, now):
            self._send_queue.add(frames)
        if len(self._send_queue) > BACKLOG:
            self.ending = Reset()

    def _miss_cause(self, subscription: Subscription, now: float) -> str | None:
        """Return why a subscription is not sent the next message, or None if it is."""
        if self.closed:
            return "close"
        if now < subscription.starts_at:
            return "rejoin"
        if any(silence.topic in {None, subscription.topic} for silence in self.active_faults.all(Silence, now)):
            return "silence"
        lossy = (lossy for lossy in self.active_faults.all(Lossy, now) if lossy.topic in {None, subscription.topic})
        for fault in lossy:
            if fault not in self._losses:
                self._losses[fault] = Losses(fault.share, fault.burst, self._random)
            if self._losses[fault].next():
                return "lossy"
        return None

    def tick(self, now: float, at: str, idle_seconds: float, idle_code: int = 1000) -> None:
        """Start the faults that are due, and close a connection whose client sent nothing for too long."""
        if self.closed:
            return
        if self.channels.joins:
            kinds = (ConnectionFault,) if self.channels.subscriptions else (Close, Reset)
            for fault in self._faults.connection_faults(kinds, self.client, self.number, now):
                self._start(fault, now, at)
        if now - self.last_received > idle_seconds and not self.active_faults.get(HalfOpen, now):
            self.ending = Close(code=idle_code)

    def _start(self, fault: ConnectionFault, now: float, at: str) -> None:
        match fault:
            case Close() | Reset():
                self.ending = fault
            case CrashChannel(event=event, topic=topic):
                self._send_queue.answer(self.channels.crash(event, topic))
            case StaleClose():
                self._send_queue.answer(self.channels.stale_closes())
            case PingFlood() | Garbage() | Binary() | Giant() | UnknownEvent():
                self._send_queue.add(self._odd_frames(fault, at))
            case _:
                self.active_faults.start(fault, now)
                if isinstance(fault, Slow):
                    self._throttle = Throttle(fault.bytes_per_second, now)

    def _odd_frames(self, fault: PingFlood | Garbage | Binary | Giant | UnknownEvent, at: str) -> list[QueuedFrame]:
        """Return the frames of a fault that no market made; an invented message goes to every subscription."""
        if isinstance(fault, PingFlood):
            return [QueuedFrame(b"", opcode=Opcode.PING)] * fault.pings
        if isinstance(fault, Garbage | Binary):
            opcode = Opcode.BINARY if isinstance(fault, Binary) else Opcode.TEXT
            return [QueuedFrame(fault.frame, Message(UNPARSED, None, fault.frame), None, at, opcode)]
        payload = {"description": "x" * fault.size}
        envelope = {"event_type": fault.event_type, "version": 1, "sent_at": at, "payload": payload}
        message = Message(fault.event_type, None, msgspec.json.encode(envelope))
        return [
            QueuedFrame(self.channels.delivery(subscription, message), message, subscription.topic, at)
            for subscription in self.channels.receivers(message)
        ]

    def take(self, now: float) -> list[QueuedFrame]:
        """Return the frames that may be written now; they count as sent."""
        if self.active_faults.get(HalfOpen, now):
            return []
        if not (self._throttle and self.active_faults.get(Slow, now)):
            return self._send_queue.take(BATCH)
        taken = self._send_queue.take(self._throttle.room(now))
        self._throttle.spend(sum(len(queued.frame) for queued in taken))
        return taken

    def close(self) -> None:
        """Nothing is written any more: what waits in the send queue is lost, as with a real server."""
        self.closed = True
        for queued in self._send_queue.clear():
            if queued.message:
                self.missed.append(Miss(queued.message, queued.topic, queued.at, "queue"))

    @property
    def queued(self) -> int:
        """How many frames wait."""
        return len(self._send_queue)
