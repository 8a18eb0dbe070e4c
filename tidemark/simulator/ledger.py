"""The ledger: what was published, sent and missed, which sales happened, which faults fired; a file for each.

Its lines are JSON, and its timestamps are those of the simulator's clock.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar

import msgspec

from tidemark.core.errors import Problem
from tidemark.simulator.message import Message, SaleFacts, SaleKey


class Published(msgspec.Struct, frozen=True):
    """A message was published, whether or not a client was connected. `digest` is `digest_of` its envelope."""

    at: str
    event_type: str
    collection: str | None
    digest: str


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message was handed to a client's socket.

    `sequence` counts the messages of a connection from 1, `digest` is `digest_of` the envelope (of the frame where it
    holds none), `event_type` is its counting name. `queued_at` is when it was published and joined the
    send queue.
    """

    at: str
    client: str
    connection: int
    sequence: int
    event_type: str
    digest: str
    sale: SaleKey | None = None
    topic: str | None = None
    queued_at: str | None = None
    sale_number: int | None = None


class Missed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message was published at `at` and not handed to a socket that had joined its topic.

    `cause` is the fault's name, `queue` for what was still in the send queue when the connection ended, or `rejoin`
    for what a second join of the topic lost. `client` is `*` for what was sent to no client.
    """

    at: str
    client: str
    connection: int | None
    topic: str | None
    event_type: str
    digest: str
    cause: str
    sale: SaleKey | None = None
    sale_number: int | None = None


class Sold(msgspec.Struct, frozen=True):
    """A sale happened, and was first published at `at`. What a recording cut is None; only a market has `facts`."""

    at: str
    collection: str | None
    sale: SaleKey
    sold_at: str | None = None
    quantity: int | None = None
    price_raw: str | None = None
    payment_token: str | None = None
    facts: SaleFacts | None = None


class Fired(msgspec.Struct, frozen=True):
    """A fault happened to a client. `connection` is None at the handshake and in the Events API."""

    at: str
    client: str
    connection: int | None
    fault: str
    settings: dict[str, Any]


class _Token(msgspec.Struct):
    symbol: str


class _Sale(msgspec.Struct):
    closing_date: str
    sale_price: str
    payment_token: _Token
    quantity: int = 1


class _Envelope(msgspec.Struct):
    payload: _Sale


_envelope = msgspec.json.Decoder(_Envelope)


def sold_line(message: Message, at: str) -> Sold:
    """Return the line of a message's sale. Raises ValueError for a message of another type."""
    if message.sale is None:
        raise ValueError(f"a message of type {message.event_type!r} is no sale")
    if facts := message.facts:
        paid = facts.sold_at, facts.quantity, facts.price_raw, facts.payment_token
        return Sold(at, message.slug, message.sale, *paid, facts)
    try:
        sale = _envelope.decode(message.body).payload
    except ValueError:
        return Sold(at, message.slug, message.sale)
    symbol = sale.payment_token.symbol
    return Sold(at, message.slug, message.sale, sale.closing_date, sale.quantity, sale.sale_price, symbol)


Line = TypeVar("Line", Published, Sent, Missed, Sold, Fired)
FILES: dict[type, str] = {
    Published: "published.jsonl",
    Sent: "sent.jsonl",
    Missed: "missed.jsonl",
    Sold: "sales.jsonl",
    Fired: "faults.jsonl",
}
_encode = msgspec.json.Encoder().encode


class LedgerFiles:
    """Writes a new ledger into a folder, over an earlier one. Lines reach the files with `flush` at the latest.

    Raises Problem where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened = ExitStack()
        self._files: dict[type, BinaryIO] = {}
        self._lines: dict[type, list[bytes]] = {kind: [] for kind in FILES}

    def __enter__(self) -> Self:
        with self._explained(), ExitStack() as opened:
            self._folder.mkdir(parents=True, exist_ok=True)
            for kind, name in FILES.items():
                self._files[kind] = opened.enter_context((self._folder / name).open("wb"))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._explained(), self._opened:
            self.flush()

    def write(self, entry: Published | Sent | Missed | Sold | Fired) -> None:
        """Add a line."""
        self._lines[type(entry)].append(_encode(entry))

    def flush(self) -> None:
        """Hand every line to the operating system."""
        with self._explained():
            for kind, lines in self._lines.items():
                if lines:
                    self._files[kind].write(b"\n".join((*lines, b"")))
                    self._files[kind].flush()
                    lines.clear()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Problem(
                f"the ledger in {self._folder} cannot be written ({error.strerror})",
                "Make room, or name another folder with --ledger.",
            ) from error


def read_ledger(folder: Path, kind: type[Line]) -> Iterator[Line]:
    """Read the entries of one kind from a ledger's folder.

    Raises ValueError for a line that is not of it, also for a torn last one.
    """
    decoder = msgspec.json.Decoder(kind)
    with (folder / FILES[kind]).open("rb") as file:
        for line in file:
            yield decoder.decode(line)
