"""One client's connection: what it hears, what is sent to it, and what befalls it. No input or output."""

from random import Random
from typing import TypeVar

import msgspec

from tidemark.archive.event_type import UNPARSED
from tidemark.simulator.arming import Faults
from tidemark.simulator.faults import (
    Binary,
    Close,
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
    Stroke,
    UnknownEvent,
)
from tidemark.simulator.message import Message
from tidemark.simulator.stream.ailments import Ailments
from tidemark.simulator.stream.channel import HEARTBEAT, JOIN, Request, Socket, read_request
from tidemark.simulator.stream.outbox import Outbox, Outgoing
from tidemark.simulator.stream.throttle import Throttle

BACKLOG = 100_000
"""Frames that a server keeps for a slow client before it gives the client up."""
BATCH = 4 * 1024 * 1024
Some = TypeVar("Some", bound=Fault)


class Connection:
    """One socket of a client. Times are seconds of a monotonic clock."""

    def __init__(self, number: int, client: str, socket: Socket, faults: Faults, now: float) -> None:
        self.number = number
        self.client = client
        self.socket = socket
        self.heard_at = now
        self.ending: Close | Reset | None = None
        self.ailments = Ailments()
        self._faults = faults
        self._outbox = Outbox()
        self._throttle: Throttle | None = None
        self._chance = Random(number)

    def _gate(self, kind: type[Some], now: float) -> Some | None:
        return self._faults.gate(kind, self.client, self.number, now)

    def hear(self, text: str, now: float) -> None:
        """Take a client's frame; nonsense ends the connection, as with Phoenix."""
        self.heard_at = now
        try:
            request = read_request(text)
        except ValueError:
            self.ending = Close(code=1011)
            return
        self._outbox.answer(self._answers(request, now))

    def _answers(self, request: Request, now: float) -> list[bytes]:
        if request.event == HEARTBEAT and self._gate(IgnoreHeartbeat, now):
            return []
        if request.event == JOIN:
            if self._gate(IgnoreJoin, now):
                return []
            if refusal := self._gate(RefuseJoin, now):
                return [self.socket.refusal(request, refusal.reason)]
        return self.socket.answer(request)

    def offer(self, message: Message, now: float) -> None:
        """Let a message of the stream wait for every subscription that it concerns."""
        frames = self._frames(message)
        if not frames or self._misses(now):
            return
        if not self._outbox.holding and (shuffle := self._gate(Shuffle, now)):
            self._outbox.hold(shuffle.messages)
        self._outbox.add(frames)
        if self._gate(Duplicate, now):
            self._outbox.add(frames)
        if len(self._outbox) > BACKLOG:
            self.ending = Reset()

    def _frames(self, message: Message) -> list[Outgoing]:
        return [Outgoing(frame, message) for frame in self.socket.deliveries(message)]

    def _misses(self, now: float) -> bool:
        """Tell whether a message is never sent, because of a silence or by chance."""
        if self.ailments.now(Silence, now):
            return True
        lossy = self.ailments.now(Lossy, now)
        return lossy is not None and self._chance.random() < lossy.share

    def tick(self, now: float, moment: str, idle_seconds: float) -> None:
        """Let the faults of the moment strike, and end a connection whose client said nothing for too long."""
        if self.socket.joins:
            kinds = (Stroke,) if self.socket.subscriptions else (Close, Reset)
            for fault in self._faults.strokes(kinds, self.client, self.number, now):
                self._strike(fault, now, moment)
        if now - self.heard_at > idle_seconds and not self.ailments.now(HalfOpen, now):
            self.ending = Close(code=1000)

    def _strike(self, fault: Stroke, now: float, moment: str) -> None:
        match fault:
            case Close() | Reset():
                self.ending = fault
            case CrashChannel(event=event):
                self._outbox.answer(self.socket.crash(event))
            case StaleClose():
                self._outbox.answer(self.socket.stale_closes())
            case Garbage(frame=frame) | Binary(frame=frame):
                self._outbox.add([Outgoing(frame, Message(UNPARSED, None, frame), isinstance(fault, Binary))])
            case Giant() | UnknownEvent():
                self._outbox.add(self._frames(_invented(fault, moment)))
            case _:
                self.ailments.begin(fault, now)
                if isinstance(fault, Slow):
                    self._throttle = Throttle(fault.bytes_per_second, now)

    def take(self, now: float) -> list[Outgoing]:
        """Return the frames that may be written now; they count as sent."""
        if self.ailments.now(HalfOpen, now):
            return []
        if not (self._throttle and self.ailments.now(Slow, now)):
            return self._outbox.take(BATCH)
        taken = self._outbox.take(self._throttle.room(now))
        self._throttle.spend(sum(len(outgoing.frame) for outgoing in taken))
        return taken


def _invented(fault: Giant | UnknownEvent, moment: str) -> Message:
    """Return a message that no market made, for every subscription."""
    payload = {"description": "x" * fault.size}
    envelope = {"event_type": fault.event_type, "version": 1, "sent_at": moment, "payload": payload}
    return Message(fault.event_type, None, msgspec.json.encode(envelope))
