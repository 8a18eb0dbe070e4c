"""One client's connection: what it joined, what waits to be written to it, and what befalls it. No input or output."""

from collections import deque
from functools import partial
from math import inf
from typing import NamedTuple

import msgspec

from archive.event_type import UNPARSED
from simulator.faults import (
    Binary,
    Close,
    CrashChannel,
    Duplicate,
    Faults,
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
    Stroke,
    UnknownEvent,
)
from simulator.message import Message
from simulator.stream.channel import PHOENIX, Request, Socket, read_request

BACKLOG = 200_000
BATCH = 4 * 1024 * 1024


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
        self._shuffled: list[Message] = []
        self._shuffle = 0
        self._until: dict[type[Stroke], float] = {}
        self._speed, self._allowance, self._allowed_at = inf, 0.0, now

    def suffers(self, kind: type[Stroke], now: float) -> bool:
        """Tell whether a fault that lasts holds now."""
        return now < self._until.get(kind, -inf)

    def hear(self, text: str, now: float) -> None:
        """Take a client's frame; nonsense ends the connection, as with Phoenix."""
        if self.suffers(HalfOpen, now):
            return
        self.heard_at = now
        try:
            request = read_request(text)
        except ValueError:
            self.ending = Close(code=1011)
            return
        self._outbox.extend(map(Outgoing, self._answers(request, now)))

    def _answers(self, request: Request, now: float) -> list[bytes]:
        shut = partial(self._faults.gate, client=self.client, connection=self.number, now=now)
        if request.topic == PHOENIX and shut(IgnoreHeartbeat):
            return []
        if request.event == "phx_join":
            if shut(IgnoreJoin):
                return []
            if refusal := self._faults.gate(RefuseJoin, self.client, self.number, now):
                return [self.socket.refusal(request, refusal.reason)]
        return self.socket.answer(request)

    def offer(self, message: Message, now: float) -> None:
        """Let a message of the stream wait for every subscription that it concerns."""
        if not self.socket.subscriptions or self.suffers(Silence, now):
            return
        if not self._shuffle and (fault := self._faults.gate(Shuffle, self.client, self.number, now)):
            self._shuffle = fault.messages
        if self._shuffle:
            self._shuffled.append(message)
            if len(self._shuffled) >= self._shuffle:
                self._release()
            return
        self._deliver(message)
        if self._faults.gate(Duplicate, self.client, self.number, now):
            self._deliver(message)

    def _release(self) -> None:
        """Deliver what was held back, last first."""
        for message in reversed(self._shuffled):
            self._deliver(message)
        self._shuffled, self._shuffle = [], 0

    def _deliver(self, message: Message) -> None:
        self._outbox.extend(Outgoing(frame, message) for frame in self.socket.deliveries(message))
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
            case CrashChannel():
                self._outbox.extend(map(Outgoing, self.socket.crash()))
            case Garbage(text=text):
                self._nonsense(text.encode(), binary=False)
            case Binary(size=size):
                self._nonsense(bytes(size), binary=True)
            case Giant(size=size):
                self._deliver(_invented("item_metadata_updated", moment, "x" * size))
            case UnknownEvent(event_type=event_type):
                self._deliver(_invented(event_type, moment, "nobody has seen this before"))
            case _:
                self._until[type(fault)] = inf if fault.seconds is None else now + fault.seconds
                if isinstance(fault, Slow):
                    self._speed, self._allowance, self._allowed_at = fault.bytes_per_second, 0.0, now

    def _nonsense(self, frame: bytes, *, binary: bool) -> None:
        self._outbox.append(Outgoing(frame, Message(UNPARSED, None, frame), binary))

    def take(self, now: float) -> list[Outgoing]:
        """Return the frames that may be written now; they count as sent."""
        if self.suffers(HalfOpen, now):
            return []
        room = self._room(now)
        taken: list[Outgoing] = []
        while self._outbox and room > 0:
            taken.append(self._outbox.popleft())
            room -= len(taken[-1].frame)
        self._allowance = room
        return taken

    def _room(self, now: float) -> float:
        """Return how many bytes may be written now."""
        if not self.suffers(Slow, now):
            return BATCH
        earned = (now - self._allowed_at) * self._speed
        self._allowed_at = now
        return min(self._allowance + earned, self._speed)


def _invented(event_type: str, moment: str, text: str) -> Message:
    envelope = {"event_type": event_type, "version": 1, "sent_at": moment, "payload": {"description": text}}
    return Message(event_type, None, msgspec.json.encode(envelope))
