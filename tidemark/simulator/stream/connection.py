"""One client's connection: what it hears, what is sent to it, and what befalls it. No input or output."""

from random import Random
from typing import TypeVar

import msgspec

from tidemark.archive.event_type import UNPARSED
from tidemark.simulator.fault_schedule import ActiveFaults, FaultSchedule
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
    RefuseJoin,
    Reset,
    Shuffle,
    Silence,
    Slow,
    StaleClose,
    UnknownEvent,
)
from tidemark.simulator.message import Message
from tidemark.simulator.stream.channel import HEARTBEAT, JOIN, Channels, Request, read_request
from tidemark.simulator.stream.send_queue import QueuedFrame, SendQueue, Throttle

BACKLOG = 100_000
"""Frames that a server keeps for a slow client before it gives the client up."""
BATCH = 4 * 1024 * 1024
Some = TypeVar("Some", bound=Fault)


class Connection:
    """One channels of a client. Times are seconds of a monotonic clock."""

    def __init__(self, number: int, client: str, channels: Channels, faults: FaultSchedule, now: float) -> None:
        self.number = number
        self.client = client
        self.channels = channels
        self.last_received = now
        self.ending: Close | Reset | None = None
        self.active_faults = ActiveFaults()
        self._faults = faults
        self._send_queue = SendQueue()
        self._throttle: Throttle | None = None
        self._chance = Random(number)

    def _request_fault(self, kind: type[Some], now: float) -> Some | None:
        return self._faults.request_fault(kind, self.client, self.number, now)

    def receive(self, text: str, now: float) -> None:
        """Take a client's frame; nonsense ends the connection, as with Phoenix."""
        self.last_received = now
        try:
            request = read_request(text)
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
                return [self.channels.refusal(request, refusal.reason)]
        return self.channels.answer(request)

    def publish(self, message: Message, now: float) -> None:
        """Let a message of the stream wait for every subscription that it concerns."""
        frames = self._frames(message)
        if not frames or self._misses(now):
            return
        if not self._send_queue.holding and (shuffle := self._request_fault(Shuffle, now)):
            self._send_queue.hold(shuffle.messages)
        self._send_queue.add(frames)
        if self._request_fault(Duplicate, now):
            self._send_queue.add(frames)
        if len(self._send_queue) > BACKLOG:
            self.ending = Reset()

    def _frames(self, message: Message) -> list[QueuedFrame]:
        return [QueuedFrame(frame, message) for frame in self.channels.deliveries(message)]

    def _misses(self, now: float) -> bool:
        """Tell whether a message is never sent, because of a silence or by chance."""
        if self.active_faults.get(Silence, now):
            return True
        lossy = self.active_faults.get(Lossy, now)
        return lossy is not None and self._chance.random() < lossy.share

    def tick(self, now: float, timestamp: str, idle_seconds: float) -> None:
        """Start the faults that are due, and close a connection whose client sent nothing for too long."""
        if self.channels.joins:
            kinds = (ConnectionFault,) if self.channels.subscriptions else (Close, Reset)
            for fault in self._faults.connection_faults(kinds, self.client, self.number, now):
                self._strike(fault, now, timestamp)
        if now - self.last_received > idle_seconds and not self.active_faults.get(HalfOpen, now):
            self.ending = Close(code=1000)

    def _strike(self, fault: ConnectionFault, now: float, timestamp: str) -> None:
        match fault:
            case Close() | Reset():
                self.ending = fault
            case CrashChannel(event=event):
                self._send_queue.answer(self.channels.crash(event))
            case StaleClose():
                self._send_queue.answer(self.channels.stale_closes())
            case Garbage(frame=frame) | Binary(frame=frame):
                self._send_queue.add([QueuedFrame(frame, Message(UNPARSED, None, frame), isinstance(fault, Binary))])
            case Giant() | UnknownEvent():
                self._send_queue.add(self._frames(_invented(fault, timestamp)))
            case _:
                self.active_faults.start(fault, now)
                if isinstance(fault, Slow):
                    self._throttle = Throttle(fault.bytes_per_second, now)

    def take(self, now: float) -> list[QueuedFrame]:
        """Return the frames that may be written now; they count as sent."""
        if self.active_faults.get(HalfOpen, now):
            return []
        if not (self._throttle and self.active_faults.get(Slow, now)):
            return self._send_queue.take(BATCH)
        taken = self._send_queue.take(self._throttle.room(now))
        self._throttle.spend(sum(len(queued.frame) for queued in taken))
        return taken


def _invented(fault: Giant | UnknownEvent, timestamp: str) -> Message:
    """Return a message that no market made, for every subscription."""
    payload = {"description": "x" * fault.size}
    envelope = {"event_type": fault.event_type, "version": 1, "sent_at": timestamp, "payload": payload}
    return Message(fault.event_type, None, msgspec.json.encode(envelope))
