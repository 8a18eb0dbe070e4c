"""A sale as the Events API lists it, archived by `tidemark.loader.repair` in an envelope of Tidemark's own."""

from datetime import datetime
from functools import partial

from msgspec import Raw, Struct

from tidemark.loader.transform.identity import Nft, chain_of, label_of, needed_word, word_of
from tidemark.loader.transform.order import ABSENT
from tidemark.loader.transform.outcome import optional
from tidemark.loader.transform.sale import Facts, Source
from tidemark.loader.transform.values import decimals_of, timestamp_of, whole_of

TOPIC = "events-api"


class Payment(Struct, gc=False):
    """What was paid; `quantity` is the price in base units. There is no rate."""

    quantity: Raw = ABSENT
    token_address: str | None = None
    decimals: Raw = ABSENT
    symbol: str | None = None


class ListedNft(Struct, gc=False):
    """The NFT; `collection` is the slug."""

    identifier: str | int
    contract: str | None = None
    collection: str | None = None
    name: str | None = None
    token_standard: str | None = None


class Listed(Struct, gc=False):
    """One sale. What is not known comes as null, as an empty string or not at all; times are seconds since 1970."""

    chain: str
    transaction: str
    nft: ListedNft
    event_timestamp: Raw = ABSENT
    seller: str | None = None
    buyer: str | None = None
    payment: Payment | None = None
    order_hash: str | None = None
    closing_date: Raw = ABSENT
    quantity: Raw = ABSENT


class ListedSale(Struct, gc=False, tag="item_sold", tag_field="event_type"):
    """The envelope in which a repair archives what it fetched; `sent_at` is when the answer came."""

    payload: Listed
    sent_at: Raw = ABSENT


_NO_PAYMENT = Payment()


def events_api_facts(message: ListedSale, received_at: datetime, unreadable: list[str]) -> Facts:
    """Return what an event states.

    Raises UnfitError where chain, token or transaction cannot be read, and where `event_timestamp` cannot: the API
    orders its answers by it, so without it nothing tells whether the event belongs to the interval that was asked for.
    """
    sold, read = message.payload, partial(optional, unreadable)
    payment = sold.payment or _NO_PAYMENT
    return Facts(
        source=Source.EVENTS_API,
        received_at=received_at,
        sent_at=read(timestamp_of, message.sent_at, "sent_at"),
        closing_at=read(timestamp_of, sold.closing_date, "closing_date"),
        event_at=timestamp_of(sold.event_timestamp, "event_timestamp"),
        nft=_nft(sold),
        nft_name=label_of(sold.nft.name),
        token_standard=(label_of(sold.nft.token_standard) or "").lower() or None,
        collection_slug=label_of(sold.nft.collection),
        transaction_hash=needed_word(sold.transaction, "transaction"),
        order_hash=read(word_of, sold.order_hash, "order_hash"),
        seller=read(word_of, sold.seller, "seller"),
        buyer=read(word_of, sold.buyer, "buyer"),
        quantity=read(whole_of, sold.quantity, "quantity"),
        price_raw=read(whole_of, payment.quantity, "payment.quantity"),
        payment_token_address=read(word_of, payment.token_address, "payment.token_address"),
        payment_token_symbol=label_of(payment.symbol),
        payment_token_decimals=read(decimals_of, payment.decimals, "payment.decimals"),
        unreadable=tuple(unreadable),
    )


def _nft(sold: Listed) -> Nft:
    """Return the NFT; one without a contract, as on Solana, is its own account."""
    token_id = needed_word(str(sold.nft.identifier), "nft.identifier")
    return Nft(chain_of(sold.chain), word_of(sold.nft.contract, "nft.contract") or token_id, token_id)
