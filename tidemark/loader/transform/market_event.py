"""Single events of the market, which a load can keep one by one: orders, what became of them, transfers. Pure.

An order is kept where it is for anybody, at a fixed price, and its end can be seen. A listing in the token in which a
chain takes offers is not: a cancel does not say what it cancels, and the millions of cancelled bids on single items are
recognised, and passed over, by that token.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from msgspec import Raw

from tidemark.loader.transform.identity import Nft, chain_of, nft_of, word_of
from tidemark.loader.transform.order import OFFER_TOKENS
from tidemark.loader.transform.outcome import optional
from tidemark.loader.transform.stream import Named
from tidemark.loader.transform.values import LONGEST_UINT256, UINT256, timestamp_of, whole_of

# An event's own time is taken where it can be true; else the time of its receipt.
MOST_DELAY, MOST_AHEAD = timedelta(minutes=10), timedelta(minutes=1)


class Booked(NamedTuple):
    """A listing or an offer on a collection.

    `unit_price_raw` is for one, in base units, rounded up for a listing and down for an offer. `token_id` is None for
    an offer.
    """

    kind: str
    chain: str
    order_hash: str
    collection_slug: str
    contract_address: str | None
    token_id: str | None
    maker: str | None
    quantity: int
    price_raw: int
    unit_price_raw: int
    payment_token_address: str
    payment_token_symbol: str | None
    payment_token_decimals: int | None
    placed_at: datetime
    expires_at: datetime
    received_at: datetime


class Revision(NamedTuple):
    """An order was cancelled, or became invalid, or valid again."""

    kind: str
    chain: str
    order_hash: str
    collection_slug: str | None
    revised_at: datetime
    received_at: datetime


class Transfer(NamedTuple):
    """Units of a token went from one account to another; the zero address is where they come from and go to."""

    kind: str
    chain: str
    contract_address: str
    token_id: str
    collection_slug: str | None
    sender: str | None
    recipient: str | None
    quantity: int | None
    transaction_hash: str
    transferred_at: datetime
    received_at: datetime


def booked(kind: str, place: tuple[str | None, ...], token: Any, line: Any) -> Booked | None:
    """Return an order for the book; None where a value that it needs cannot be read, or its end could not be seen.

    `place` is chain, collection and payment token, in their one spelling; `token` has the symbol and the decimals.
    """
    payload = line.message.payload
    chain, slug, paid_in = place
    is_listing = kind == "listing"
    order_hash = optional([], word_of, payload.order_hash, "order_hash")
    price, quantity = amount_of(payload.base_price), amount_of(payload.quantity)
    expires_at = optional([], timestamp_of, payload.expiration_date, "expiration_date")
    nft = nft_in(chain, payload) if is_listing else None
    if not (chain and slug and paid_in and order_hash and expires_at and quantity) or price is None:
        return None
    if is_listing and (nft is None or paid_in == OFFER_TOKENS.get(chain)):
        return None
    received_at, at = times_of(payload, line)
    return Booked(
        kind, chain, order_hash, slug, nft.contract if nft else None, nft.token_id if nft else None,
        account_in(payload, "maker"), quantity, price, unit_price(price, quantity, up=is_listing), paid_in,
        token.symbol, token.decimals, at, expires_at, received_at,
    )  # fmt: skip


def revision(kind: str, place: tuple[str | None, ...], line: Any) -> Revision | None:
    """Return what became of an order; None where the message does not show of which."""
    payload = line.message.payload
    chain, slug, _ = place
    order_hash = optional([], word_of, payload.order_hash, "order_hash")
    if not (chain and order_hash):
        return None
    received_at, at = times_of(payload, line)
    return Revision(kind, chain, order_hash, slug, at, received_at)


def transfer(kind: str, place: tuple[str | None, ...], line: Any) -> Transfer | None:
    """Return a transfer; None where its token or transaction cannot be read."""
    payload = line.message.payload
    chain, slug, _ = place
    nft = nft_in(chain, payload)
    transaction = payload.transaction and optional([], word_of, payload.transaction.hash, "transaction.hash")
    if not (nft and transaction):
        return None
    received_at, at = times_of(payload, line)
    parties = account_in(payload, "from_account"), account_in(payload, "to_account")
    return Transfer(kind, *nft, slug, *parties, amount_of(payload.quantity), transaction, at, received_at)


def unit_price(price: int, quantity: int, *, up: bool) -> int:
    """Return the price of one in base units; what cannot be paid is rounded up for a buyer, down for a seller."""
    return -(-price // quantity) if up else price // quantity


def amount_of(value: str | int | None) -> int | None:
    """Return a whole number of zero or more that a message writes as text or as a number; None for anything else."""
    if value is None:
        return None
    if isinstance(value, int):
        return value if 0 <= value <= UINT256 else None
    if value.isdecimal() and value.isascii() and len(value) < LONGEST_UINT256:
        return int(value)
    return optional([], whole_of, Raw(value.encode()), "amount")


def chain_in(payload: Any) -> str | None:
    """Return the chain that a message states, or that its item's name begins with."""
    stated = getattr(payload, "chain", None)
    name = stated.name if isinstance(stated, Named) else stated
    if not name and (item := getattr(payload, "item", None)) and item.nft_id:
        name = item.nft_id.partition("/")[0]
    return optional([], lambda text, _: chain_of(text), name, "chain") if name else None


def nft_in(chain: str | None, payload: Any) -> Nft | None:
    """Return the NFT of a message, None where it names none with a token id."""
    if not (payload.item and payload.item.nft_id):
        return None
    return optional([], lambda text, _: nft_of(text, chain), payload.item.nft_id, "item.nft_id")


def account_in(payload: Any, name: str) -> str | None:
    """Return the address of one of the accounts that a message names."""
    account = getattr(payload, name, None)
    return optional([], word_of, account.address, name) if account else None


def times_of(payload: Any, line: Any) -> tuple[datetime, datetime]:
    """Return when a message was received and when its event was."""
    received_at = line.received_at.astimezone(UTC)
    at = optional([], timestamp_of, payload.event_timestamp, "event_timestamp")
    if at is None or not received_at - MOST_DELAY <= at <= received_at + MOST_AHEAD:
        at = received_at
    return received_at, at


def digest_of(*identity: str | int | Raw | None) -> str:
    """Return 16 hexadecimal digits for the values that identify an event, the same everywhere."""
    text = "|".join([str(bytes(value) if isinstance(value, Raw) else value) for value in identity])
    return blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def is_late(line: Any, start: datetime) -> bool:
    """Tell whether a message was sent before a time."""
    sent_at = optional([], timestamp_of, line.message.sent_at, "sent_at")
    return sent_at is not None and sent_at < start
