"""The Phoenix channel protocol of one channels, as OpenSea's server speaks it; no input or output.

Array frames `[join_ref, ref, topic, event, payload]`, or object frames `{topic, event, payload, ref}` for old clients.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tidemark.simulator.message import Message

PHOENIX = "phoenix"
HEARTBEAT, JOIN, LEAVE = "heartbeat", "phx_join", "phx_leave"
EVERYTHING = "collection:*"
STALE_REF = "long-gone"
_encode = msgspec.json.encode


class Request(msgspec.Struct, frozen=True):
    """A frame that a client sent."""

    topic: str
    event: str
    payload: Any = None
    ref: str | None = None
    join_ref: str | None = None


class _ArrayRequest(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Any


_array = msgspec.json.Decoder(_ArrayRequest)
_object = msgspec.json.Decoder(Request)


def read_request(text: str) -> Request:
    """Read a client's frame in either form. Raises ValueError for anything else."""
    if not text.startswith("["):
        return _object.decode(text)
    frame = _array.decode(text)
    return Request(frame.topic, frame.event, frame.payload, frame.ref, frame.join_ref)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A joined topic; `event_types` is the server-side filter, None for all."""

    topic: str
    join_ref: str | None
    event_types: frozenset[str] | None = None
    around: dict[str, tuple[bytes, bytes]] = field(default_factory=dict, compare=False, repr=False)

    def wants(self, message: Message) -> bool:
        """Tell whether the filter lets a message through."""
        return self.event_types is None or message.event_type in self.event_types


def _filter_of(payload: Any) -> frozenset[str] | None:
    """Return the event types that a join asks for; an empty or absent list asks for all."""
    listed = payload.get("event_types") if isinstance(payload, dict) else None
    return frozenset(str(name) for name in listed) if isinstance(listed, list) and listed else None


class Channels:
    """The server's side of one channels: what is joined on it, and how its client is answered."""

    def __init__(self, *, arrays: bool = True) -> None:
        self.arrays = arrays
        self.subscriptions: dict[str, Subscription] = {}
        self.joins = 0

    def frame(
        self, topic: str, event: str, payload: Any, *, ref: str | None = None, join_ref: str | None = None
    ) -> bytes:
        """Print a frame in the form that this client understands."""
        if self.arrays:
            return _encode([join_ref, ref, topic, event, payload])
        return _encode({"event": event, "payload": payload, "ref": ref, "topic": topic})

    def answer(self, request: Request) -> list[bytes]:
        """Do what a client asks and return the frames that answer it."""
        if request.topic == PHOENIX and request.event == HEARTBEAT:
            return [self.reply(request)]
        if request.event == JOIN:
            return self._join(request)
        if request.topic not in self.subscriptions:
            return [self.refusal(request, "unmatched topic")]
        if request.event == LEAVE:
            left = self.subscriptions.pop(request.topic)
            return [self.reply(request), self._end(left, "phx_close")]
        return [self.reply(request)]

    def _join(self, request: Request) -> list[bytes]:
        """Join a topic; an earlier join of it on this channels is closed after the reply to the new one."""
        if not request.topic.startswith("collection:"):
            return [self.refusal(request, "unmatched topic")]
        self.joins += 1
        former = self.subscriptions.get(request.topic)
        join_ref = request.join_ref or request.ref
        self.subscriptions[request.topic] = Subscription(request.topic, join_ref, _filter_of(request.payload))
        return [self.reply(request)] + ([self._end(former, "phx_close")] if former else [])

    def reply(self, request: Request) -> bytes:
        """Say yes to a request."""
        answer = {"status": "ok", "response": {}}
        return self.frame(request.topic, "phx_reply", answer, ref=request.ref, join_ref=request.join_ref)

    def refusal(self, request: Request, reason: str) -> bytes:
        """Say no to a request; as in Phoenix, the answer to a topic that is not joined carries no join_ref."""
        answer = {"status": "error", "response": {"reason": reason}}
        return self.frame(request.topic, "phx_reply", answer, ref=request.ref)

    def crash(self, event: str) -> list[bytes]:
        """Let every channel die; the channels stays open and nothing comes until the client joins again."""
        dead, self.subscriptions = self.subscriptions, {}
        return [self._end(subscription, event) for subscription in dead.values()]

    def stale_closes(self) -> list[bytes]:
        """Return, for each topic, the close of a join that is not the present one; nothing ends by it."""
        return [self.frame(topic, "phx_close", {}, ref=STALE_REF, join_ref=STALE_REF) for topic in self.subscriptions]

    def _end(self, ended: Subscription, event: str) -> bytes:
        return self.frame(ended.topic, event, {}, ref=ended.join_ref, join_ref=ended.join_ref)

    def deliveries(self, message: Message) -> Iterator[bytes]:
        """Return a message's frames for this channels: one for each subscription that it concerns."""
        if message.slug is None:
            concerned = list(self.subscriptions.values())
        else:
            topics = (EVERYTHING, f"collection:{message.slug}")
            concerned = [self.subscriptions[topic] for topic in topics if topic in self.subscriptions]
        for subscription in concerned:
            if subscription.wants(message):
                yield message.frame or self._wrapped(subscription, message)

    def _wrapped(self, subscription: Subscription, message: Message) -> bytes:
        """Put an envelope into a frame of a subscription, without printing the envelope again."""
        around = subscription.around
        if message.event_type not in around:
            around[message.event_type] = self._around(subscription, message.event_type)
        head, tail = around[message.event_type]
        return b"".join((head, message.body, tail))

    def _around(self, subscription: Subscription, event: str) -> tuple[bytes, bytes]:
        """Return what stands before and after the envelope in a frame."""
        if self.arrays:
            return _encode([subscription.join_ref, None, subscription.topic, event])[:-1] + b",", b"]"
        return b'{"event":%b,"payload":' % _encode(event), b',"ref":null,"topic":%b}' % _encode(subscription.topic)
