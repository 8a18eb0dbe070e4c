"""The faults: what can be made to go wrong, for whom, when and how often.

A `RequestFault` meets one thing that passes: a handshake, a join, a message. It fires `times` times for each client, or
every time for `seconds`. A `ConnectionFault` begins on a connection that has joined, `times` times for each client; one
that lasts begins once on each of `times` connections and goes on for `seconds`, or as long as the connection lives. A
`ServerFault` begins once and meets every message for `seconds`, or for good.
"""

from typing import Literal

import msgspec

BadEventKind = Literal["timestamp", "absurd_time", "surrogate", "no_payment", "no_order_hash", "no_nft", "null"]


class Fault(msgspec.Struct, frozen=True, kw_only=True, tag_field="fault", forbid_unknown_fields=True):
    """What all faults share: whom it hits (None: everybody), after how many real seconds, how often, for how long."""

    client: str | None = None
    after: float = 0.0
    times: int = 1
    seconds: float | None = None

    @property
    def name(self) -> str:
        """The fault's name, as in the ledger."""
        return str(self.__struct_config__.tag)


class RequestFault(Fault, frozen=True):
    """A fault of one request or message."""


class ConnectionFault(Fault, frozen=True):
    """A fault of a connection that has joined."""


class LastingFault(ConnectionFault, frozen=True):
    """A fault that lasts on a connection."""


class ServerFault(Fault, frozen=True):
    """A fault of what the server publishes."""


class HttpAnswer(RequestFault, frozen=True):
    """A request is answered with an HTTP status, and with a Retry-After header where one is given."""

    status: int = 502
    retry_after: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {"Retry-After": self.retry_after} if self.retry_after else {}


class Refuse(HttpAnswer, frozen=True, tag="refuse"):
    """The handshake is answered with an HTTP status."""


class HangHandshake(RequestFault, frozen=True, tag="hang_handshake"):
    """The handshake is held for `hold` seconds before it goes on."""

    hold: float = 60.0


class CloseOnOpen(RequestFault, frozen=True, tag="close_on_open"):
    """The socket is closed right after it was opened."""

    code: int = 1008


class IgnoreJoin(RequestFault, frozen=True, tag="ignore_join"):
    """A join stays without an answer."""


class IgnoreHeartbeat(RequestFault, frozen=True, tag="ignore_heartbeat"):
    """A heartbeat stays without an answer."""


class RefuseJoin(RequestFault, frozen=True, tag="refuse_join"):
    """A join is answered with an error."""

    reason: str = "unauthorized"


class CrashJoin(RefuseJoin, frozen=True, tag="crash_join"):
    """The server's channel crashes in the join, which is answered with an error; the next try may succeed."""

    reason: str = "join crashed"


class ApiFailure(HttpAnswer, frozen=True, tag="api_failure"):
    """The Events API answers with an HTTP status."""


class PageFault(RequestFault, frozen=True):
    """A fault of one page of the Events API."""


class ApiBadEvent(PageFault, frozen=True, tag="api_bad_event"):
    """One event of a page, that at `position`, is not as documented; the others are."""

    kind: BadEventKind = "timestamp"
    position: int = 0


class ApiShuffle(PageFault, frozen=True, tag="api_shuffle"):
    """The events of a page are out of order."""


class ApiRepeatCursor(PageFault, frozen=True, tag="api_repeat_cursor"):
    """The page names the same next page as the one before."""


class ApiHtml(PageFault, frozen=True, tag="api_html"):
    """The answer is an HTML page with a `status`."""

    status: int = 200


class ApiChallenge(PageFault, frozen=True, tag="api_challenge"):
    """The answer is a challenge page of the proxy in front of the API, with status 403."""


class ApiRedirect(PageFault, frozen=True, tag="api_redirect"):
    """The answer is a redirect to another host."""

    location: str = "https://elsewhere.invalid/api/v2/events"
    status: int = 302


class ApiBrokenGzip(PageFault, frozen=True, tag="api_broken_gzip"):
    """The answer's body is gzip that ends too early."""


class ApiTruncated(PageFault, frozen=True, tag="api_truncated"):
    """The connection ends in the middle of the answer's body."""


class ApiHang(PageFault, frozen=True, tag="api_hang"):
    """The answer comes after `hold` seconds."""

    hold: float = 60.0


class Close(ConnectionFault, frozen=True, tag="close"):
    """The server sends a Close frame. With `keep_open` it then leaves TCP open, for `seconds` or for good."""

    code: int = 1000
    reason: str = ""
    keep_open: bool = False


class Reset(ConnectionFault, frozen=True, tag="reset"):
    """The TCP connection is reset without a Close frame."""


class CrashChannel(ConnectionFault, frozen=True, tag="crash_channel"):
    """Every channel of the socket, or that of one topic, ends with phx_error or phx_close; the socket stays open."""

    event: str = "phx_error"
    topic: str | None = None


class StaleClose(ConnectionFault, frozen=True, tag="stale_close"):
    """Each topic gets a phx_close of a join that ended long ago."""


class Garbage(ConnectionFault, frozen=True, tag="garbage"):
    """A text frame that is no frame of the protocol."""

    text: str = '{"half": '

    @property
    def frame(self) -> bytes:
        """What is sent."""
        return self.text.encode()


class Binary(ConnectionFault, frozen=True, tag="binary"):
    """A binary frame."""

    size: int = 64

    @property
    def frame(self) -> bytes:
        """What is sent."""
        return bytes(self.size)


class Giant(ConnectionFault, frozen=True, tag="giant"):
    """A valid message of many bytes."""

    size: int = 8 * 1024 * 1024
    event_type: str = "item_metadata_updated"


class UnknownEvent(ConnectionFault, frozen=True, tag="unknown_event"):
    """A message of an unknown event type."""

    size: int = 10
    event_type: str = "item_teleported"


class Duplicate(RequestFault, frozen=True, tag="duplicate"):
    """A message is sent twice."""


class Shuffle(RequestFault, frozen=True, tag="shuffle"):
    """This many `messages` are held back and sent in the reverse order."""

    messages: int = 10


class PingFlood(ConnectionFault, frozen=True, tag="ping_flood"):
    """The server sends this many websocket pings at once."""

    pings: int = 26_000


class Silence(LastingFault, frozen=True, tag="silence"):
    """No events come, on all topics or on one, though heartbeats are answered. What is published is never sent."""

    topic: str | None = None


class Lossy(LastingFault, frozen=True, tag="lossy"):
    """A random share of the messages is never sent, in runs of `burst` on average; each connection misses others."""

    share: float = 0.1
    burst: float = 1.0
    topic: str | None = None


class HalfOpen(LastingFault, frozen=True, tag="half_open"):
    """Nothing is read and nothing is written, and the connection stays open."""


class Slow(LastingFault, frozen=True, tag="slow"):
    """The server sends at most this many bytes a second; the rest waits in its send queue, which ends with it."""

    bytes_per_second: int = 50_000


class Drop(ServerFault, frozen=True, tag="drop"):
    """A random share of the messages is sent to no client, or not to `client`, though the Events API knows them.

    They are lost in runs of `burst` on average. With a `collection`, only its messages are.
    """

    share: float = 0.1
    burst: float = 1.0
    collection: str | None = None


AnyFault = (
    Refuse | HangHandshake | CloseOnOpen | IgnoreJoin | IgnoreHeartbeat | RefuseJoin | CrashJoin | ApiFailure
    | ApiBadEvent | ApiShuffle | ApiRepeatCursor | ApiHtml | ApiChallenge | ApiRedirect | ApiBrokenGzip | ApiTruncated
    | ApiHang
    | Duplicate | Shuffle | Close | Reset | CrashChannel | StaleClose | Garbage | Binary | Giant | UnknownEvent
    | PingFlood | Silence | Lossy | HalfOpen | Slow | Drop
)  # fmt: skip
_decoder: msgspec.json.Decoder[Fault] = msgspec.json.Decoder(AnyFault)


def read_fault(text: str | bytes) -> Fault:
    """Read a fault from JSON, such as `{"fault":"close","client":"collector-a","code":1011}`.

    Raises ValueError with what is wrong for any other text.
    """
    return _decoder.decode(text)
