"""One client's connection: what it joined, what waits to be written to it, and what befalls it. No input or output."""

from collections import deque
from math import inf
from typing import NamedTuple, TypeVar

import msgspec

from archive.event_type import UNPARSED
from simulator.arming import Faults
from simulator.faults import (
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
    RefuseJoin,
    Reset,
    Shuffle,
    Silence,
    Slow,
    StaleClose,
    Stroke,
    UnknownEvent,
)
from simulator.message import Message
from simulator.stream.channel import HEARTBEAT, JOIN, Request, Socket, read_request
from simulator.stream.throttle import Throttle

BACKLOG = 100_000
"""Frames that a server keeps for a slow client before it gives the client up."""
BATCH = 4 * 1024 * 1024
Some = TypeVar("Some", bound=Fault)


class Outgoing(NamedTuple):
    """A frame that waits; `message` is None for an answer of the protocol."""

    frame: bytes
    message: Message | None = None
    binary: bool = False


class Connection:
    """One socket of a client. Times are seconds of a monotonic clock."""

    def __init__(self, number: int, client: str, socket: Socket, faults: Faults, now: float) -> None:
        self.number = number
        self.client = client
        self.socket = socket
        self.heard_at = now
        self.ending: Close | Reset | None = None
        self._faults = faults
        self._outbox: deque[Outgoing] = deque()
        self._held: list[list[Outgoing]] = []
        self._hold = 0
        self._until: dict[type[Stroke], float] = {}
        self._throttle: Throttle | None = None

    def suffers(self, kind: type[Stroke], now: float) -> bool:
        """Tell whether a fault that lasts holds now."""
        return now < self._until.get(kind, -inf)

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
        self._outbox.extend(map(Outgoing, self._answers(request, now)))

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
        frames = [] if self.suffers(Silence, now) else self._frames(message)
        if not frames:
            return
        if not self._hold and (fault := self._gate(Shuffle, now)):
            self._hold = fault.messages
        if self._hold:
            self._hold_back(frames)
            return
        self._enqueue(frames)
        if self._gate(Duplicate, now):
            self._enqueue(frames)

    def _frames(self, message: Message) -> list[Outgoing]:
        return [Outgoing(frame, message) for frame in self.socket.deliveries(message)]

    def _hold_back(self, frames: list[Outgoing]) -> None:
        """Keep a message's frames until enough are kept, then let them go, last first."""
        self._held.append(frames)
        self._hold -= 1
        while self._held and not self._hold:
            self._enqueue(self._held.pop())

    def _enqueue(self, frames: list[Outgoing]) -> None:
        self._outbox.extend(frames)
        if len(self._outbox) > BACKLOG:
            self.ending = Reset()

    def tick(self, now: float, moment: str, idle_seconds: float) -> None:
        """Let the faults of the moment strike, and end a connection whose client said nothing for too long."""
        if self.socket.joins:
            kinds = (Stroke,) if self.socket.subscriptions else (Close, Reset)
            for fault in self._faults.strokes(kinds, self.client, self.number, now):
                self._strike(fault, now, moment)
        if now - self.heard_at > idle_seconds and not self.suffers(HalfOpen, now):
            self.ending = Close(code=1000)

    def _strike(self, fault: Stroke, now: float, moment: str) -> None:
        match fault:
            case Close() | Reset():
                self.ending = fault
            case CrashChannel(event=event):
                self._outbox.extend(map(Outgoing, self.socket.crash(event)))
            case StaleClose():
                self._outbox.extend(map(Outgoing, self.socket.stale_closes()))
            case Garbage(frame=frame) | Binary(frame=frame):
                self._outbox.append(Outgoing(frame, Message(UNPARSED, None, frame), isinstance(fault, Binary)))
            case Giant() | UnknownEvent():
                self._enqueue(self._frames(_invented(fault, moment)))
            case _:
                self._until[type(fault)] = inf if fault.seconds is None else now + fault.seconds
                if isinstance(fault, Slow):
                    self._throttle = Throttle(fault.bytes_per_second, now)

    def take(self, now: float) -> list[Outgoing]:
        """Return the frames that may be written now; they count as sent."""
        if self.suffers(HalfOpen, now):
            return []
        throttle = self._throttle if self.suffers(Slow, now) else None
        room: float = throttle.room(now) if throttle else BATCH
        size, taken = 0, list[Outgoing]()
        while self._outbox and size < room:
            taken.append(self._outbox.popleft())
            size += len(taken[-1].frame)
        if throttle:
            throttle.spend(size)
        return taken


def _invented(fault: Giant | UnknownEvent, moment: str) -> Message:
    """Return a message that no market made, for every subscription."""
    payload = {"description": "x" * fault.size}
    envelope = {"event_type": fault.event_type, "version": 1, "sent_at": moment, "payload": payload}
    return Message(fault.event_type, None, msgspec.json.encode(envelope))
