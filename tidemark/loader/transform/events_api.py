"""A sale as the Events API lists it, archived by `tidemark.loader.repair` in an envelope of Tidemark's own → `Sale`."""

from datetime import datetime

from msgspec import Raw, Struct

from tidemark.loader.transform.identity import Nft, chain_of, label_of, needed_word, sale_uid, word_of
from tidemark.loader.transform.moment import moment_of, sold_at_of
from tidemark.loader.transform.number import LARGEST_DECIMALS, in_tokens, quotient, whole_of
from tidemark.loader.transform.payment import side_by_payment
from tidemark.loader.transform.sale import Sale, Side, SideSource, Source
from tidemark.loader.transform.sold import ABSENT

TOPIC = "events-api"


class Payment(Struct, gc=False):
    """What was paid; `quantity` is the price in base units. There is no rate."""

    quantity: Raw
    token_address: str | None
    decimals: Raw = ABSENT
    symbol: str | None = None


class ListedNft(Struct, gc=False):
    """The NFT; `collection` is the slug."""

    identifier: str | int
    contract: str | None
    collection: str | None
    name: str | None = None


class Listed(Struct, gc=False):
    """One sale. What is not known comes as null or as an empty string; times are seconds since 1970."""

    chain: str
    transaction: str
    event_timestamp: Raw
    seller: str | None
    buyer: str | None
    nft: ListedNft
    payment: Payment | None
    order_hash: str | None = None
    closing_date: Raw = ABSENT
    quantity: Raw = ABSENT


class ListedSale(Struct, gc=False, tag="item_sold", tag_field="event_type"):
    """The envelope in which a repair archives what it fetched; `sent_at` is when the answer came."""

    payload: Listed
    sent_at: Raw = ABSENT


def listed_sale(message: ListedSale, received_at: datetime) -> Sale:
    """Read a sale. Raises UnfitError with the value that cannot stand in one.

    The API names seller and buyer but not who made the order, so maker and taker follow from the side, where the
    payment tells it. Sales made elsewhere, which have no order_hash, follow other rules: their side stays unknown.
    """
    sold = message.payload
    nft = _nft(sold)
    transaction_hash = needed_word(sold.transaction, "transaction")
    order_hash = word_of(sold.order_hash, "order_hash")
    event_at = moment_of(sold.event_timestamp, "event_timestamp")
    closing = moment_of(sold.closing_date, "closing_date")
    sold_at, sold_at_source = sold_at_of(None, closing, event_at, received_at)
    payment = sold.payment or Payment(quantity=ABSENT, token_address=None)
    token_address = word_of(payment.token_address, "payment.token_address")
    decimals = whole_of(payment.decimals, "payment.decimals", LARGEST_DECIMALS)
    side = side_by_payment(nft.chain, token_address) if order_hash else Side.UNKNOWN
    seller, buyer = word_of(sold.seller, "seller"), word_of(sold.buyer, "buyer")
    maker, taker = {Side.LISTING: (seller, buyer), Side.OFFER: (buyer, seller)}.get(side, (None, None))
    quantity = whole_of(sold.quantity, "quantity")
    price_raw = whole_of(payment.quantity, "payment.quantity")
    price = in_tokens(price_raw, decimals)
    return Sale(
        sale_uid=sale_uid(nft, transaction_hash, order_hash),
        sold_at=sold_at,
        sold_at_source=sold_at_source,
        event_at=event_at,
        sent_at=moment_of(message.sent_at, "sent_at"),
        received_at=received_at,
        chain=nft.chain,
        transaction_hash=transaction_hash,
        order_hash=order_hash,
        collection_slug=label_of(sold.nft.collection),
        contract_address=nft.contract,
        token_id=nft.token_id,
        nft_name=label_of(sold.nft.name),
        maker=maker,
        taker=taker,
        seller=seller,
        buyer=buyer,
        side=side,
        side_source=SideSource.EVENTS_API if side is Side.UNKNOWN else SideSource.PAYMENT_TOKEN,
        quantity=quantity,
        price_raw=price_raw,
        payment_token_address=token_address,
        payment_token_symbol=label_of(payment.symbol),
        payment_token_decimals=decimals,
        price=price,
        unit_price=quotient(price, quantity),
        usd_rate=None,
        eth_rate=None,
        price_usd=None,
        price_eth=None,
        marketplace_fee_raw=None,
        royalty_raw=None,
        fees=None,
        is_private=None,
        is_replayed=False,
        source=Source.EVENTS_API,
    )


def _nft(sold: Listed) -> Nft:
    """Return the NFT; one without a contract, as on Solana, is its own account."""
    token_id = needed_word(str(sold.nft.identifier), "nft.identifier")
    return Nft(chain_of(sold.chain), word_of(sold.nft.contract, "nft.contract") or token_id, token_id)
