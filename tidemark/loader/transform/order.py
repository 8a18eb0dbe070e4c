"""What the signed order (Seaport) and the payment show of a sale: its side, how many NFTs, and who was paid what."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Raw, Struct

from tidemark.loader.transform.identity import spelled
from tidemark.loader.transform.outcome import Reason, UnfitError, optional
from tidemark.loader.transform.values import LONGEST_UINT256, even_share, whole_of

COIN, ERC20, ERC721, ERC1155 = range(4)
MONEY, NFTS = frozenset({COIN, ERC20}), frozenset({ERC721, ERC1155})
_KINDS = {form: kind for kind in range(6) for form in (b"%d" % kind, b'"%d"' % kind)}  # 4 and 5 are any NFT of a kind
STANDARDS = {ERC721: "erc721", ERC1155: "erc1155", 4: "erc721", 5: "erc1155"}  # 4 and 5: any NFT that fits criteria
MOST_ITEMS = 100
ABSENT = Raw(b"")
NATIVE = "0x0000000000000000000000000000000000000000"
# Here listings too are in a wrapped token, so that no payment tells the sides apart.
WRAPPED_LISTINGS = frozenset({"polygon", "avalanche", "flow", "ronin"})
# The token that OpenSea takes offers in, on chains whose listings are in the chain's own currency.
_OP_STACK_WETH = "0x4200000000000000000000000000000000000006"
OFFER_TOKENS = {
    "ethereum": "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "abstract": "0x3439153eb7af838ad19d56e1571fbd09333c2809",
    "ape_chain": "0x48b62137edfa95a428d35c09e44256a739f6b557",
    "arbitrum": "0x82af49447d8a07e3bd95bd0d56f35241523fbab1",
    "b3": _OP_STACK_WETH,
    "base": _OP_STACK_WETH,
    "bera_chain": "0x6969696969696969696969696969696969696969",
    "blast": "0x4300000000000000000000000000000000000004",
    "gunzilla": "0x5aad7bba61d95c2c4e525a35f4062040264611f1",
    "hyperevm": "0x5555555555555555555555555555555555555555",
    "megaeth": _OP_STACK_WETH,
    "monad": "0x3bd359c1119da7da1d913d1c4d2b7c461115433a",
    "optimism": _OP_STACK_WETH,
    "sei": "0xe30fedd158a2e3b13e9badaeabafc5516e95e8c7",
    "shape": _OP_STACK_WETH,
    "somnia": "0x046ede9564a72571df6f5e44d0405360c0f4dcab",
    "soneium": _OP_STACK_WETH,
    "unichain": _OP_STACK_WETH,
    "zora": _OP_STACK_WETH,
}


class Side(StrEnum):
    """What was filled: a listing (the maker sells) or an offer (the maker buys)."""

    LISTING = "listing"
    OFFER = "offer"
    UNKNOWN = "unknown"


_LISTING, _OFFER, _UNKNOWN = Side  # looking one up takes Python 3.11 as long as ten names


class Fee(Struct, frozen=True, gc=False):
    """What one recipient other than the seller gets of the price, in base units of the payment token.

    Whose fee it is, the marketplace's or the creator's, is not in the order: see core.fee_recipient.
    """

    recipient: str
    amount_raw: int


class OrderItem(Struct, gc=False, rename="camel"):
    """One thing that an order offers or asks for (Seaport)."""

    item_type: Raw = ABSENT
    start_amount: Raw = ABSENT
    end_amount: Raw = ABSENT
    recipient: str | None = None


class Order(Struct, gc=False):
    """The signed order (Seaport): what its maker, the offerer, gives, and what each recipient is to get for it."""

    offer: list[OrderItem]
    consideration: list[OrderItem]
    offerer: str | None = None


class Part(Struct, frozen=True, gc=False):
    """One item of an order.

    `kind` is None where Seaport has none of that number, `amount` where it moves with time, as in an auction.
    """

    kind: int | None
    amount: int | None
    recipient: str | None


class Terms(Struct, frozen=True, gc=False):
    """An order read.

    `quantity` is how many NFTs the whole order is for and `price` what it costs its buyer in base units; one fill may
    take a part of both. `paid` is the money that goes to named recipients, `token_standard` that of the NFT.
    """

    side: Side
    quantity: int | None
    price: int | None
    paid: list[Part]
    offerer: str | None
    token_standard: str | None


def terms_of(order: Order, name: str = "order") -> Terms:
    """Read an order; an amount or a recipient that cannot be read is unknown. Raises UnfitError for over 100 items."""
    if len(order.offer) + len(order.consideration) > MOST_ITEMS:
        raise UnfitError(Reason.OUT_OF_RANGE, f"{name} has more than {MOST_ITEMS} items")
    given, asked = list(map(_part, order.offer)), list(map(_part, order.consideration))
    side = _side(given)
    nfts, money = (given, asked) if side is _LISTING else (asked, given)
    return Terms(
        side=side,
        quantity=_total(nfts, of_money=False),
        price=_total(money, of_money=True),
        paid=[part for part in asked if part.kind in MONEY],
        offerer=spelled(order.offerer) if order.offerer else None,
        token_standard=_standard(nfts),
    )


def _side(given: Sequence[Part]) -> Side:
    """Tell the side: a listing gives an NFT first, an offer a token; anything else is unknown."""
    kind = given[0].kind if given else None
    if kind in NFTS:
        return _LISTING
    return _OFFER if kind == ERC20 else _UNKNOWN


def side_by_payment(chain: str, token: str | None) -> Side:
    """Tell the side from the payment alone: offers need a token that can be taken from the buyer later.

    The chain's own currency means a listing and the wrapped one an offer; any other token, such as USDC, is used
    for both and means nothing, and so does every token on chains whose listings are in a wrapped one.
    """
    if token is None or chain in WRAPPED_LISTINGS:
        return _UNKNOWN
    if token == NATIVE:
        return _LISTING
    return _OFFER if token == OFFER_TOKENS.get(chain) else _UNKNOWN


def fees_of(terms: Terms, quantity: int | None, price: int | None) -> tuple[Fee, ...] | None:
    """Return what a fill of `quantity` NFTs for `price` paid to others than the offerer, as the order lists it.

    In a listing the buyer pays the seller, who is the offerer, and the fees; in an offer the buyer is the offerer, and
    the fees go off what the seller gets. A part of an order fills the same part of each amount. None, which is unknown,
    unless the offerer and all amounts are known, the price is that of the order to the last base unit, and the fees are
    no more than the price. The token of an item is not compared: on Ronin it is written as the coin's, paid wrapped.
    """
    if price is None or terms.offerer is None or even_share(terms.price, quantity, terms.quantity) != price:
        return None
    fees, total = [], 0
    for part in terms.paid:
        recipient = part.recipient
        if recipient != terms.offerer:
            amount = even_share(part.amount, quantity, terms.quantity)
            if recipient is None or amount is None:
                return None
            fees.append(Fee(recipient, amount))
            total += amount
    return tuple(fees) if total <= price else None


def _part(item: OrderItem) -> Part:
    start, end, recipient = item.start_amount, item.end_amount, item.recipient
    amount = _amount(start)
    if start != end and amount != _amount(end):
        amount = None
    return Part(_KINDS.get(bytes(item.item_type)), amount, spelled(recipient) if recipient else None)


def _amount(raw: Raw) -> int | None:
    digits = bytes(raw).strip(b'"')
    if digits.isdigit() and len(digits) < LONGEST_UINT256:
        return int(digits)
    return optional([], whole_of, raw, "amount")


def _total(parts: Sequence[Part], *, of_money: bool) -> int | None:
    total = 0
    for part in parts:
        if (part.kind in MONEY) is of_money:
            if part.amount is None:
                return None
            total += part.amount
    return total


def _standard(nfts: Sequence[Part]) -> str | None:
    for part in nfts:
        if part.kind in STANDARDS:
            return STANDARDS[part.kind]
    return None
