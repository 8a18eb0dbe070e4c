"""The faults: what can be made to go wrong, for whom, when and how often.

A `RequestFault` meets one thing that passes: a handshake, a join, a message. It fires `times` times for each client, or
every time for `seconds`. A `ConnectionFault` begins on a connection that has joined, `times` times for each client; one
that lasts does so for `seconds`, or as long as the connection lives.
"""

import msgspec


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


class ApiFailure(HttpAnswer, frozen=True, tag="api_failure"):
    """The Events API answers with an HTTP status."""


class Close(ConnectionFault, frozen=True, tag="close"):
    """The server closes the socket with a code, with a Close frame."""

    code: int = 1000
    reason: str = ""


class Reset(ConnectionFault, frozen=True, tag="reset"):
    """The TCP connection is reset without a Close frame."""


class CrashChannel(ConnectionFault, frozen=True, tag="crash_channel"):
    """Every channel of the socket dies, with phx_error or phx_close; the socket stays open."""

    event: str = "phx_error"


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


class Silence(ConnectionFault, frozen=True, tag="silence"):
    """No events come, though heartbeats are answered. What is published meanwhile is never sent."""


class Lossy(ConnectionFault, frozen=True, tag="lossy"):
    """A random share of the messages is never sent; each connection misses others."""

    share: float = 0.1


class HalfOpen(ConnectionFault, frozen=True, tag="half_open"):
    """Nothing is read and nothing is written, and the connection stays open."""


class Slow(ConnectionFault, frozen=True, tag="slow"):
    """The server sends at most this many bytes a second; the rest waits in its send queue."""

    bytes_per_second: int = 50_000


AnyFault = (
    Refuse | HangHandshake | CloseOnOpen | IgnoreJoin | IgnoreHeartbeat | RefuseJoin | ApiFailure | Duplicate | Shuffle
    | Close | Reset | CrashChannel | StaleClose | Garbage | Binary | Giant | UnknownEvent
    | Silence | Lossy | HalfOpen | Slow
)  # fmt: skip
_decoder: msgspec.json.Decoder[Fault] = msgspec.json.Decoder(AnyFault)


def read_fault(text: str | bytes) -> Fault:
    """Read a fault from JSON, such as `{"fault":"close","client":"collector-a","code":1011}`.

    Raises ValueError with what is wrong for any other text.
    """
    return _decoder.decode(text)
