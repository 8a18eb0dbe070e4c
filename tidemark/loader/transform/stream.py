"""The shape of the stream's `item_sold`, and what one states of a sale.

Only what identifies a sale has to be there. `Raw` is a number, a time or a free text, read later. An unknown field is
no fault: servers add them.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from tidemark.loader.transform.identity import chain_of, label_of, needed_word, nft_of, word_of
from tidemark.loader.transform.order import ABSENT, Order, Terms, terms_of
from tidemark.loader.transform.outcome import ELIDED, Reason, UnfitError, optional
from tidemark.loader.transform.sale import Facts, Source
from tidemark.loader.transform.values import decimals_of, rate_of, timestamp_of, whole_of

_text = msgspec.json.Decoder(str).decode


class Named(Struct, gc=False):
    """A chain written as an object."""

    name: str | None = None


class Account(Struct, gc=False):
    """A wallet."""

    address: str | None = None


class Collection(Struct, gc=False):
    """A collection."""

    slug: str | None = None


class Metadata(Struct, gc=False):
    """What an NFT says of itself; whatever its creator wrote."""

    name: Raw = ABSENT


class SoldItem(Struct, gc=False):
    """The NFT of a sale; `nft_id` is `<chain>/<contract>/<token_id>`."""

    nft_id: str
    chain: Named | str | None = None
    metadata: Metadata | None = None


class Transaction(Struct, gc=False):
    """The transaction of a sale."""

    hash: str
    timestamp: Raw = ABSENT


class PaymentToken(Struct, gc=False):
    """What was paid with. On a sale the two prices are the worth of one whole token."""

    address: str | None = None
    decimals: Raw = ABSENT
    symbol: str | None = None
    eth_price: Raw = ABSENT
    usd_price: Raw = ABSENT


class ProtocolData(Struct, gc=False):
    """The order as its protocol has it."""

    parameters: Order | None = None


class Sold(Struct, gc=False):
    """The payload of an `item_sold`."""

    item: SoldItem
    transaction: Transaction
    collection: Collection | None = None
    maker: Account | None = None
    taker: Account | None = None
    sale_price: Raw = ABSENT
    payment_token: PaymentToken | None = None
    event_timestamp: Raw = ABSENT
    closing_date: Raw = ABSENT
    chain: Named | str | None = None
    quantity: Raw = ABSENT
    order_hash: str | None = None
    is_private: bool | None = None
    protocol_data: ProtocolData | None = None


class ItemSold(Struct, gc=False, tag="item_sold", tag_field="event_type"):
    """An NFT was sold."""

    payload: Sold
    sent_at: Raw = ABSENT


class Readers(NamedTuple):
    """How values are read: each raises UnfitError for a bad one, or takes it for unknown (see `optional`)."""

    time: Callable[[Raw, str], datetime | None]
    word: Callable[[str | None, str], str | None]
    whole: Callable[[Raw, str], int | None]
    decimals: Callable[[Raw, str], int | None]
    rate: Callable[[Raw, str], Decimal | None]
    terms: Callable[[Order, str], Terms | None]


_STRICT = Readers(timestamp_of, word_of, whole_of, decimals_of, rate_of, terms_of)
_NO_TOKEN = PaymentToken()
_STREAM = Source.STREAM  # looked up once, as in `order`


def stream_facts(message: ItemSold, received_at: datetime, unreadable: list[str]) -> Facts:
    """Return what a message states. Raises UnfitError where chain, contract, token or transaction cannot be read."""
    try:
        return _facts(message, received_at, unreadable.copy(), _STRICT)
    except UnfitError:  # so few are unfit that all others are read without a look at each value
        lenient = Readers._make(partial(optional, unreadable, read) for read in _STRICT)
        return _facts(message, received_at, unreadable, lenient)


def _facts(message: ItemSold, received_at: datetime, unreadable: list[str], readers: Readers) -> Facts:
    time, word, whole, decimals, rate, terms_in = readers
    sold = message.payload
    token = sold.payment_token or _NO_TOKEN
    order = sold.protocol_data and sold.protocol_data.parameters
    terms = terms_in(order, "protocol_data.parameters") if order else None
    return Facts(  # by position: Python 3.11 makes a dictionary of more than 15 keywords, 5 % of what a sale takes
        _STREAM,
        received_at,
        time(message.sent_at, "sent_at"),
        time(sold.closing_date, "closing_date"),
        time(sold.event_timestamp, "event_timestamp"),
        nft_of(sold.item.nft_id, _chain(sold, unreadable)),
        _name(sold),
        terms.token_standard if terms else None,
        label_of(sold.collection.slug) if sold.collection else None,
        needed_word(sold.transaction.hash, "transaction.hash"),
        word(sold.order_hash, "order_hash"),
        _quantity(whole(sold.quantity, "quantity"), terms),
        whole(sold.sale_price, "sale_price"),
        word(token.address, "payment_token.address"),
        label_of(token.symbol),
        decimals(token.decimals, "payment_token.decimals"),
        time(sold.transaction.timestamp, "transaction.timestamp"),
        word(sold.maker.address, "maker") if sold.maker else None,
        word(sold.taker.address, "taker") if sold.taker else None,
        terms,
        rate(token.usd_price, "payment_token.usd_price"),
        rate(token.eth_price, "payment_token.eth_price"),
        sold.is_private,
        tuple(unreadable),
    )


def _chain(sold: Sold, unreadable: list[str]) -> str | None:
    """Return the chain that the message states, on the sale or else on its item; None on servers before 2023."""
    for chain in (sold.chain, sold.item.chain):
        stated = chain.name if isinstance(chain, Named) else chain
        if not stated:
            continue
        if stated in ELIDED:
            raise UnfitError(Reason.ELIDED, f"chain was left out when the message was printed: {stated}")
        try:
            return chain_of(stated)
        except UnfitError:
            unreadable.append("chain")
    return None


def _quantity(stated: int | None, terms: Terms | None) -> int | None:
    """Return how many were sold; servers before 2023 left it out, and an order for one can only have sold one."""
    return 1 if stated is None and terms and terms.quantity == 1 else stated


def _name(sold: Sold) -> str | None:
    """Return what the NFT is called; its creator may have written anything there, and only text is a name.

    Nothing has looked inside it so far: it need not even be UTF-8.
    """
    name = bytes(sold.item.metadata.name) if sold.item.metadata else b""
    if name[:1] != b'"':
        return None
    try:
        return label_of(_text(name))
    except ValueError:
        return label_of(_text(name.decode(errors="replace")))
