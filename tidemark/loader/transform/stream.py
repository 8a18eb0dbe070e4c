"""A sale as the stream sends it (`item_sold`) → `Sale`."""

from datetime import datetime

import msgspec
from msgspec import Raw

from tidemark.loader.transform.identity import chain_of, label_of, needed_word, nft_of, sale_uid, word_of
from tidemark.loader.transform.moment import is_replayed, moment_of, sold_at_of
from tidemark.loader.transform.number import LARGEST_DECIMALS, in_tokens, number_of, product, quotient, whole_of
from tidemark.loader.transform.payment import side_by_payment
from tidemark.loader.transform.sale import FeeKind, Sale, Side, SideSource, Source
from tidemark.loader.transform.seaport import Terms, fees_of, paid_to, terms_of
from tidemark.loader.transform.sold import ABSENT, Account, ItemSold, Named, PaymentToken, Sold

_text = msgspec.json.Decoder(str)
_UNKNOWN_TOKEN = PaymentToken(address=None, decimals=ABSENT, symbol=None)


def stream_sale(message: ItemSold, received_at: datetime) -> Sale:
    """Read a sale. Raises UnfitError with the value that cannot stand in one."""
    sold = message.payload
    nft = nft_of(sold.item.nft_id, _chain(sold))
    transaction_hash = needed_word(sold.transaction.hash, "transaction.hash")
    order_hash = word_of(sold.order_hash, "order_hash")
    event_at = moment_of(sold.event_timestamp, "event_timestamp")
    sent_at = moment_of(message.sent_at, "sent_at")
    sold_at, sold_at_source = sold_at_of(
        moment_of(sold.transaction.timestamp, "transaction.timestamp"),
        moment_of(sold.closing_date, "closing_date"),
        event_at,
        received_at,
    )
    token = sold.payment_token or _UNKNOWN_TOKEN
    token_address = word_of(token.address, "payment_token.address")
    decimals = whole_of(token.decimals, "payment_token.decimals", LARGEST_DECIMALS)
    terms = _terms(sold)
    side, side_source = _side(terms, nft.chain, token_address)
    maker, taker = _wallet(sold.maker, "maker"), _wallet(sold.taker, "taker")
    seller, buyer = parties(side, maker, taker)
    quantity = _quantity(sold.quantity, terms)
    price_raw = whole_of(sold.sale_price, "sale_price")
    price = in_tokens(price_raw, decimals)
    usd_rate = number_of(token.usd_price, "payment_token.usd_price")
    eth_rate = number_of(token.eth_price, "payment_token.eth_price")
    fees = fees_of(terms, quantity, price_raw) if terms else None
    return Sale(
        sale_uid=sale_uid(nft, transaction_hash, order_hash),
        sold_at=sold_at,
        sold_at_source=sold_at_source,
        event_at=event_at,
        sent_at=sent_at,
        received_at=received_at,
        chain=nft.chain,
        transaction_hash=transaction_hash,
        order_hash=order_hash,
        collection_slug=label_of(sold.collection.slug),
        contract_address=nft.contract,
        token_id=nft.token_id,
        nft_name=_name(sold),
        maker=maker,
        taker=taker,
        seller=seller,
        buyer=buyer,
        side=side,
        side_source=side_source,
        quantity=quantity,
        price_raw=price_raw,
        payment_token_address=token_address,
        payment_token_symbol=label_of(token.symbol),
        payment_token_decimals=decimals,
        price=price,
        unit_price=quotient(price, quantity),
        usd_rate=usd_rate,
        eth_rate=eth_rate,
        price_usd=product(price, usd_rate),
        price_eth=product(price, eth_rate),
        marketplace_fee_raw=paid_to(FeeKind.MARKETPLACE, fees),
        royalty_raw=paid_to(FeeKind.ROYALTY, fees),
        fees=fees,
        is_private=sold.is_private,
        is_replayed=is_replayed(sold_at, sent_at or received_at),
        source=Source.STREAM,
    )


def parties(side: Side, maker: str | None, taker: str | None) -> tuple[str | None, str | None]:
    """Return seller and buyer: who made the order sells in a listing and buys in an offer."""
    if side is Side.LISTING:
        return maker, taker
    return (taker, maker) if side is Side.OFFER else (None, None)


def _chain(sold: Sold) -> str | None:
    """Return the chain that the message states, on the sale or else on its item; None on servers before 2023."""
    stated = (chain.name if isinstance(chain, Named) else chain for chain in (sold.chain, sold.item.chain))
    names = [chain_of(chain) for chain in stated if chain]
    return names[0] if names else None


def _terms(sold: Sold) -> Terms | None:
    order = sold.protocol_data and sold.protocol_data.parameters
    return terms_of(order) if order else None


def _side(terms: Terms | None, chain: str, token: str | None) -> tuple[Side, SideSource]:
    if terms and terms.side is not Side.UNKNOWN:
        return terms.side, SideSource.ORDER
    side = side_by_payment(chain, token)
    return side, SideSource.NONE if side is Side.UNKNOWN else SideSource.PAYMENT_TOKEN


def _quantity(raw: Raw, terms: Terms | None) -> int | None:
    """Return how many were sold; servers before 2023 left it out, and an order for one can only have sold one."""
    quantity = whole_of(raw, "quantity")
    return 1 if quantity is None and terms and terms.quantity == 1 else quantity


def _wallet(account: Account | None, name: str) -> str | None:
    return word_of(account.address, name) if account else None


def _name(sold: Sold) -> str | None:
    """Return what the NFT is called; its creator may have written anything there, and only text is a name.

    Nothing has looked inside it so far: it need not even be UTF-8.
    """
    name = bytes(sold.item.metadata.name) if sold.item.metadata else b""
    return label_of(_text.decode(name.decode(errors="replace"))) if name[:1] == b'"' else None
