"""The Phoenix channel protocol of one socket, as a real Phoenix 1.7 speaks it; no input or output.

Version 2 has array frames `[join_ref, ref, topic, event, payload]`, version 1 object frames
`{topic, event, payload, ref}`.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from tidemark.simulator.message import Message

PHOENIX = "phoenix"
HEARTBEAT, JOIN, LEAVE = "heartbeat", "phx_join", "phx_leave"
EVERYTHING = "collection:*"
STALE_REF = "long-gone"
REJOIN_SECONDS = 0.013
"""How long a second join of a topic gets nothing: the server ends the first channel before it starts the second."""
_encode = msgspec.json.encode
Ref = str | int | None


class Request(msgspec.Struct, frozen=True):
    """A frame that a client sent; a client of version 1 must name all but `join_ref`."""

    topic: str
    event: str
    payload: Any
    ref: Ref
    join_ref: Ref = None


class _ArrayRequest(msgspec.Struct, array_like=True):
    join_ref: Ref
    ref: Ref
    topic: str
    event: str
    payload: Any


_array = msgspec.json.Decoder(_ArrayRequest)
_object = msgspec.json.Decoder(Request)


def read_request(text: str, *, arrays: bool = True) -> Request:
    """Read a client's frame. Raises ValueError for anything but a frame of the socket's version."""
    if not arrays:
        return _object.decode(text)
    frame = _array.decode(text)
    return Request(frame.topic, frame.event, frame.payload, frame.ref, frame.join_ref)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A joined topic. Messages come from `starts_at` on; `event_types` is the server-side filter, None for all."""

    topic: str
    join_ref: Ref
    starts_at: float = 0.0
    event_types: frozenset[str] | None = None
    around: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, compare=False, repr=False)

    def wants(self, message: Message) -> bool:
        """Tell whether the filter lets a message through."""
        return self.event_types is None or message.event_type in self.event_types


class Channels:
    """The server's side of one socket: what is joined on it, and how its client is answered."""

    def __init__(self, *, arrays: bool = True) -> None:
        self.arrays = arrays
        self.subscriptions: dict[str, Subscription] = {}
        self.joins = 0

    def frame(self, topic: str, event: str, payload: Any, *, ref: Ref = None, join_ref: Ref = None) -> bytes:
        """Print a frame in the socket's version."""
        if self.arrays:
            return _encode([join_ref, ref, topic, event, payload])
        return _encode({"event": event, "payload": payload, "ref": ref, "topic": topic})

    def answer(self, request: Request, now: float) -> list[bytes]:
        """Do what a client asks and return the frames that answer it."""
        if request.topic == PHOENIX and request.event == HEARTBEAT:
            return [self.reply(request, join_ref=None)]
        if request.event == JOIN:
            return self._join(request, now)
        joined = self.subscriptions.get(request.topic)
        if request.event == LEAVE:
            return self._leave(request, joined)
        return [self.reply(request, request.join_ref) if joined else self.unmatched(request)]

    def _join(self, request: Request, now: float) -> list[bytes]:
        """Join a topic; an earlier join of it on this socket is closed after the reply to the new one."""
        if not request.topic.startswith("collection:"):
            return [self.unmatched(request)]
        self.joins += 1
        former = self.subscriptions.get(request.topic)
        starts_at = now + REJOIN_SECONDS if former else now
        listed = request.payload.get("event_types") if isinstance(request.payload, dict) else None
        event_types = frozenset(map(str, listed)) if isinstance(listed, list) and listed else None  # none: all
        self.subscriptions[request.topic] = Subscription(request.topic, request.join_ref, starts_at, event_types)
        reply = self.reply(request, request.join_ref)
        return [reply, self._end(former, "phx_close")] if former else [reply]

    def _leave(self, request: Request, joined: Subscription | None) -> list[bytes]:
        """Leave a topic; a leave of an earlier join gets no answer."""
        if joined is None:
            return [self.reply(request, request.join_ref)]
        if joined.join_ref not in {request.join_ref, None}:
            return []
        del self.subscriptions[request.topic]
        return [self.reply(request, request.join_ref), self._end(joined, "phx_close")]

    def reply(self, request: Request, join_ref: Ref, reason: str | None = None) -> bytes:
        """Answer a request: `ok`, or an error with its reason."""
        answer = {"status": "error", "response": {"reason": reason}} if reason else {"status": "ok", "response": {}}
        return self.frame(request.topic, "phx_reply", answer, ref=request.ref, join_ref=join_ref)

    def unmatched(self, request: Request) -> bytes:
        """Refuse a request for a topic that does not exist or is not joined; the answer carries no join_ref."""
        return self.reply(request, None, "unmatched topic")

    def crash(self, event: str, topic: str | None = None) -> list[bytes]:
        """End every channel, or that of one topic; the socket stays open, and events come after the next join."""
        dead = [name for name in self.subscriptions if topic in {None, name}]
        return [self._end(self.subscriptions.pop(name), event) for name in dead]

    def stale_closes(self) -> list[bytes]:
        """Return, for each topic, the close of a join that is not the present one; nothing ends by it."""
        return [self.frame(topic, "phx_close", {}, ref=STALE_REF, join_ref=STALE_REF) for topic in self.subscriptions]

    def _end(self, ended: Subscription, event: str) -> bytes:
        return self.frame(ended.topic, event, {}, ref=ended.join_ref, join_ref=ended.join_ref)

    def receivers(self, message: Message) -> list[Subscription]:
        """Return the subscriptions that a message is for."""
        if message.slug is None:
            found = list(self.subscriptions.values())
        else:
            topics = (EVERYTHING, f"collection:{message.slug}")
            found = [self.subscriptions[topic] for topic in topics if topic in self.subscriptions]
        return [subscription for subscription in found if subscription.wants(message)]

    def delivery(self, subscription: Subscription, message: Message) -> bytes:
        """Return a message's frame for a subscription; the envelope is not encoded again."""
        if message.frame is not None:
            return message.frame
        around = subscription.around
        if message.event_type not in around:
            around[message.event_type] = self._around(subscription, message.event_type)
        head, tail = around[message.event_type]
        return b"".join((head, message.body, tail))

    def _around(self, subscription: Subscription, event: str) -> tuple[bytes, bytes]:
        """Return what comes before and after the envelope in a frame."""
        if self.arrays:
            return _encode([subscription.join_ref, None, subscription.topic, event])[:-1] + b",", b"]"
        return b'{"event":%b,"payload":' % _encode(event), b',"ref":null,"topic":%b}' % _encode(subscription.topic)
