"""The faults: what can be made to go wrong, for whom, when and how often.

A `Gate` stands where something passes: a handshake, a join, a message. It is shut `times` times for each client, or for
so many `seconds`. A `Stroke` falls on a connection that has joined, `times` times for each client; one that lasts does
so for `seconds`, or as long as the connection lives.
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
        """The fault's name, as it stands in the ledger."""
        return str(self.__struct_config__.tag)


class Gate(Fault, frozen=True):
    """A fault of something that passes."""


class Stroke(Fault, frozen=True):
    """A fault of a connection that has joined."""


class HttpAnswer(Gate, frozen=True):
    """A request is answered with an HTTP status, and with a Retry-After header where one is given."""

    status: int = 502
    retry_after: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {"Retry-After": self.retry_after} if self.retry_after else {}


class Refuse(HttpAnswer, frozen=True, tag="refuse"):
    """The handshake is answered with an HTTP status."""


class HangHandshake(Gate, frozen=True, tag="hang_handshake"):
    """The handshake is held for so many seconds before it goes on."""

    hold: float = 60.0


class CloseOnOpen(Gate, frozen=True, tag="close_on_open"):
    """The socket is closed right after it was opened."""

    code: int = 1008


class IgnoreJoin(Gate, frozen=True, tag="ignore_join"):
    """A join stays without an answer."""


class IgnoreHeartbeat(Gate, frozen=True, tag="ignore_heartbeat"):
    """A heartbeat stays without an answer."""


class RefuseJoin(Gate, frozen=True, tag="refuse_join"):
    """A join is answered with an error."""

    reason: str = "unauthorized"


class ApiFailure(HttpAnswer, frozen=True, tag="api_failure"):
    """The Events API answers with an HTTP status."""


class Close(Stroke, frozen=True, tag="close"):
    """The server closes the socket with a code, in good order."""

    code: int = 1000
    reason: str = ""


class Reset(Stroke, frozen=True, tag="reset"):
    """The TCP connection is cut without a word."""


class CrashChannel(Stroke, frozen=True, tag="crash_channel"):
    """Every channel of the socket dies, with phx_error or phx_close; the socket stays open."""

    event: str = "phx_error"


class StaleClose(Stroke, frozen=True, tag="stale_close"):
    """Each topic gets a phx_close of a join that is long gone."""


class Garbage(Stroke, frozen=True, tag="garbage"):
    """A text frame that is no frame of the protocol."""

    text: str = '{"half": '

    @property
    def frame(self) -> bytes:
        """What is sent."""
        return self.text.encode()


class Binary(Stroke, frozen=True, tag="binary"):
    """A binary frame."""

    size: int = 64

    @property
    def frame(self) -> bytes:
        """What is sent."""
        return bytes(self.size)


class Giant(Stroke, frozen=True, tag="giant"):
    """A valid message of many bytes."""

    size: int = 8 * 1024 * 1024
    event_type: str = "item_metadata_updated"


class UnknownEvent(Stroke, frozen=True, tag="unknown_event"):
    """A message of a type that nobody has seen before."""

    size: int = 10
    event_type: str = "item_teleported"


class Duplicate(Gate, frozen=True, tag="duplicate"):
    """A message is sent twice."""


class Shuffle(Gate, frozen=True, tag="shuffle"):
    """So many messages are held back and sent in the reverse order."""

    messages: int = 10


class Silence(Stroke, frozen=True, tag="silence"):
    """No events come, though the socket is open and heartbeats are answered. What happens meanwhile is never sent."""


class Lossy(Stroke, frozen=True, tag="lossy"):
    """A share of the messages is never sent, without a word; each connection misses others."""

    share: float = 0.1


class HalfOpen(Stroke, frozen=True, tag="half_open"):
    """Nothing is read and nothing is written, and the connection stays open."""


class Slow(Stroke, frozen=True, tag="slow"):
    """The server sends no faster than so many bytes a second; what waits is sent later."""

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
