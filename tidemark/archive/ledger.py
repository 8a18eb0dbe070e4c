"""The coverage ledger: what happened to the subscription in one hour, one JSON object per line.

Each hour's file begins with `began`, which carries over what the hours before left behind, so that the file
can be folded alone (see `tidemark.archive.coverage`). Every `at` is a timestamp of the collector's recorded time, UTC.
Reasons are those of `tidemark.archive.reasons`, never values of a message.
"""

from datetime import datetime

import msgspec


class _Entry(msgspec.Struct, frozen=True, tag_field="entry", tag=str.lower):
    at: datetime


class Place(msgspec.Struct, frozen=True, order=True, array_like=True):
    """A topic joined on a connection; connections are numbered from 1 within a run."""

    connection: int
    topic: str


class Began(_Entry, frozen=True):
    """The hour begins: topics expected to be covered, why each is not yet, and the places joined across its start.

    `run` is the process that lives across the start, None when there is none.
    """

    run: str | None
    expected: dict[str, str]
    joined: tuple[Place, ...] = ()


class Started(_Entry, frozen=True):
    """A process starts and means to cover exactly these topics; whatever ran before it no longer does."""

    run: str
    topics: tuple[str, ...]
    software: str


class Subscribed(_Entry, frozen=True):
    """A topic is expected to be covered from now on."""

    topic: str


class Unsubscribed(_Entry, frozen=True):
    """A topic is not expected any more."""

    topic: str


class Joined(_Entry, frozen=True):
    """The topic is covered from here to the connection's last proof of life.

    The server acknowledged a join, or a message ended a silence that was not plausible.
    """

    connection: int
    topic: str


class Alive(_Entry, frozen=True):
    """What was sent up to `at` on the connection's topics was delivered and is on disk."""

    connection: int


class Lost(_Entry, frozen=True):
    """Of a connection, or of one topic of it, nothing is claimed after `proof`; that was found out at `at`.

    It ended, or it was silent for longer than is plausible; then `Joined` follows when the topic brings messages.
    """

    connection: int
    topic: str | None
    proof: datetime
    reason: str


class Failed(_Entry, frozen=True):
    """An attempt to connect (topic None) or to join a topic failed."""

    topic: str | None
    reason: str


class Dropped(_Entry, frozen=True):
    """Messages received from `at` to `until` could not be written, or which were missed then is unknown."""

    until: datetime
    messages: int
    reason: str


class Stopped(_Entry, frozen=True):
    """The process stopped as it was told to."""


class Retracted(_Entry, frozen=True):
    """Of a topic nothing is claimed after `proof` on connections that have ended, also of an earlier process.

    The topic was silent then already, and the silence has become longer than is plausible.
    """

    topic: str
    proof: datetime
    reason: str


class Rates(_Entry, frozen=True):
    """How much each topic usually brings, for the next process.

    `topics` has messages, the seconds in which they came, and the longest pause that is usual. `silences` says for how
    many seconds a topic had been silent while it was joined, and since when. `lag` is the least of the last minutes, in
    seconds from a message's sending to its record; None where no message says when it was sent.
    """

    topics: dict[str, tuple[float, float, float]]
    silences: dict[str, tuple[float, datetime]] = {}
    lag: float | None = None


class Ended(_Entry, frozen=True):
    """Nothing of the hour is still unproven: what is joined now covers it to its end."""


Entry = (
    Began | Started | Subscribed | Unsubscribed | Joined | Alive | Lost | Retracted | Failed | Dropped | Stopped | Rates
    | Ended
)  # fmt: skip

_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def print_entry(entry: Entry) -> bytes:
    """Print an entry as one line, newline included."""
    return msgspec.json.encode(entry) + b"\n"


def read_entry(line: bytes) -> Entry:
    """Read one line. Raises ValueError where it is no entry, or a time in it has no zone."""
    try:
        entry = _decoder.decode(line)
    except RecursionError:
        raise ValueError("the line is nested too deeply") from None
    times = [entry.at, getattr(entry, "proof", entry.at), getattr(entry, "until", entry.at)]
    if isinstance(entry, Rates):
        times += [since for _, since in entry.silences.values()]
    for time in times:
        if time.tzinfo is None:
            raise ValueError(f"{time.isoformat()} in the ledger has no time zone")
    return entry


def read_ledger(data: bytes) -> tuple[Entry, ...]:
    """Read a ledger file. A last line without its newline was torn by a dying process and is left out.

    Raises ValueError for a line that is no entry.
    """
    return tuple(read_entry(line) for line in data[: data.rfind(b"\n") + 1].splitlines())
