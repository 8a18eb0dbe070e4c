"""What the signed order (Seaport) says of a sale: which side it was on, for how many NFTs, and who was paid what."""

from collections.abc import Sequence

from msgspec import Struct

from tidemark.loader.transform.identity import word_of
from tidemark.loader.transform.number import even_share, whole_of
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.sale import Fee, FeeKind, Side
from tidemark.loader.transform.sold import Order, OrderItem

NATIVE, ERC20, ERC721, ERC1155 = range(4)
MONEY, NFTS = frozenset({NATIVE, ERC20}), frozenset({ERC721, ERC1155})
_KINDS = {form: kind for kind in range(6) for form in (b"%d" % kind, b'"%d"' % kind)}  # 4 and 5 are any NFT of a kind
MOST_ITEMS = 100
# Where OpenSea has its own fee sent: since August 2022, in the first months of Seaport, and before. Whoever else
# is paid beside the seller was put into the order by the rules of the collection: a creator's royalty.
MARKETPLACES = frozenset(
    {
        "0x0000a26b00c1f0df003000390027140000faa719",
        "0x8de9c5a032463c561423387a9648c5c7bcc5bc90",
        "0x5b3256965e7c3cf26e11fcaf296dfc8807c01073",
    }
)


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
    take a part of both. `paid` is the money that goes to named recipients.
    """

    side: Side
    quantity: int | None
    price: int | None
    paid: list[Part]
    offerer: str | None


def terms_of(order: Order) -> Terms:
    """Read an order. Raises UnfitError for amounts that are no numbers and for more than 100 items."""
    if len(order.offer) + len(order.consideration) > MOST_ITEMS:
        raise UnfitError(Reason.OUT_OF_RANGE, f"the order has more than {MOST_ITEMS} items")
    given, asked = _parts(order.offer), _parts(order.consideration)
    side = _side(given)
    nfts, money = (given, asked) if side is Side.LISTING else (asked, given)
    return Terms(
        side=side,
        quantity=_total([part for part in nfts if part.kind not in MONEY]),
        price=_total([part for part in money if part.kind in MONEY]),
        paid=[part for part in asked if part.kind in MONEY],
        offerer=word_of(order.offerer, "offerer"),
    )


def _side(given: Sequence[Part]) -> Side:
    """Tell the side: a listing gives an NFT first, an offer a token; anything else is unknown."""
    kind = given[0].kind if given else None
    if kind in NFTS:
        return Side.LISTING
    return Side.OFFER if kind == ERC20 else Side.UNKNOWN


def fees_of(terms: Terms, quantity: int | None, price: int | None) -> tuple[Fee, ...] | None:
    """Return what a fill of `quantity` NFTs for `price` paid to others than the offerer, as the order lists it.

    In a listing the buyer pays the seller, who is the offerer, and the fees; in an offer the buyer is the offerer, and
    the fees go off what the seller gets. A part of an order fills the same part of each amount. None, which is unknown,
    unless all amounts are known and add up to the price to the last base unit.
    """
    if price is None or even_share(terms.price, quantity, terms.quantity) != price:
        return None
    fees = [
        _fee(part.recipient, even_share(part.amount, quantity, terms.quantity))
        for part in terms.paid
        if part.recipient != terms.offerer
    ]
    known = tuple(fee for fee in fees if fee)
    return known if len(known) == len(fees) else None


def paid_to(kind: FeeKind, fees: tuple[Fee, ...] | None) -> int | None:
    """Add up the fees of one kind, in base units; None where the fees are unknown."""
    return None if fees is None else sum(fee.amount_raw for fee in fees if fee.kind is kind)


def _fee(recipient: str | None, amount: int | None) -> Fee | None:
    if recipient is None or amount is None:
        return None
    kind = FeeKind.MARKETPLACE if recipient in MARKETPLACES else FeeKind.ROYALTY
    return Fee(kind=kind, recipient=recipient, amount_raw=amount)


def _parts(items: Sequence[OrderItem]) -> list[Part]:
    return [_part(item) for item in items]


def _part(item: OrderItem) -> Part:
    amount = whole_of(item.start_amount, "startAmount")
    if bytes(item.start_amount) != bytes(item.end_amount) and amount != whole_of(item.end_amount, "endAmount"):
        amount = None
    return Part(_KINDS.get(bytes(item.item_type)), amount, word_of(item.recipient, "recipient"))


def _total(parts: Sequence[Part]) -> int | None:
    amounts = [part.amount for part in parts if part.amount is not None]
    return sum(amounts) if len(amounts) == len(parts) else None
