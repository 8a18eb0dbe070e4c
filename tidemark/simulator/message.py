"""What the simulator sends: one message, ready to be put into the frames of any subscription."""

from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec


class SaleKey(msgspec.Struct, frozen=True, order=True):
    """The chain's names of a sale. `order_hash` is empty for a sale made elsewhere.

    Sales without an order hash, and two fills of one order in one transaction, can share a key; the market's number
    tells them apart.
    """

    chain: str
    transaction: str
    contract: str
    token: str
    order_hash: str


class SaleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the market knows of a sale, as the stream reported it first; amounts are base units in decimal digits.

    `number` counts the market's sales. `fees` are those of the whole order by recipient, for `order_quantity` items.
    A rate that the stream did not report, or reported as 0 or as no number, is None. `quirk` names what it reported
    wrongly: then `decimals` and `nft_name` are as reported.
    """

    number: int
    sold_at: str
    quantity: int
    price_raw: str
    payment_token: str
    payment_token_address: str
    decimals: int
    eth_rate: str | None
    usd_rate: str | None
    seller: str
    buyer: str
    maker: str
    taker: str
    is_private: bool
    elsewhere: bool
    editions: bool
    order_quantity: int
    fees: dict[str, str]
    nft_name: str
    quirk: str | None


def digest_of(message: bytes) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of a message's exact bytes."""
    return sha256(message).hexdigest()[:16]


class Message(msgspec.Struct, frozen=True, dict=True):
    """One message of the stream.

    `body` is the envelope as a recorder keeps it. `slug` is None where the message is of no collection; it goes to
    every subscription then. A recorded frame is in `frame` and is sent unchanged, else each subscription gets its own.
    `event` is what happened in the market; None for recordings and for templates.
    """

    event_type: str
    slug: str | None
    body: bytes
    sale: SaleKey | None = None
    frame: bytes | None = None
    facts: SaleFacts | None = None
    event: Any = None

    @property
    def sale_number(self) -> int | None:
        """The market's number of the sale; None for other messages and for recordings."""
        return self.facts.number if self.facts else None

    @cached_property
    def digest(self) -> str:
        """The body's digest; a message goes to several sockets and is digested once."""
        return digest_of(self.body)
