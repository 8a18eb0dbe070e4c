"""What the signed order (Seaport) says of a sale: which side it was on, for how many NFTs, and who was paid what."""

from collections.abc import Sequence
from typing import NamedTuple

from loader.transform.identity import word_of
from loader.transform.number import even_share, whole_of
from loader.transform.outcome import Reason, UnfitError
from loader.transform.sale import Fee, FeeKind, Side
from loader.transform.sold import Order, OrderItem

NATIVE, ERC20, ERC721, ERC1155 = range(4)
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


class Part(NamedTuple):
    """One item of an order. `amount` is None where it moves with time, as in an auction."""

    kind: int | None
    amount: int | None
    recipient: str | None

    @property
    def is_money(self) -> bool:
        """Whether this pays, in the chain's own currency or in a token."""
        return self.kind in {NATIVE, ERC20}


class Terms(NamedTuple):
    """An order read: `given` by its maker, the offerer, against what is `asked` for each recipient."""

    given: list[Part]
    asked: list[Part]
    offerer: str | None

    @property
    def side(self) -> Side:
        """A listing gives an NFT first, an offer a token; anything else is unknown."""
        kind = self.given[0].kind if self.given else None
        if kind in {ERC721, ERC1155}:
            return Side.LISTING
        return Side.OFFER if kind == ERC20 else Side.UNKNOWN

    @property
    def quantity(self) -> int | None:
        """How many NFTs the whole order is for; one fill may take fewer."""
        return _total([part for part in self._nft_side if not part.is_money])

    @property
    def price(self) -> int | None:
        """What the whole order costs its buyer, in base units."""
        return _total([part for part in self._money_side if part.is_money])

    @property
    def _nft_side(self) -> list[Part]:
        return self.given if self.side is Side.LISTING else self.asked

    @property
    def _money_side(self) -> list[Part]:
        return self.asked if self.side is Side.LISTING else self.given


def terms_of(order: Order) -> Terms:
    """Read an order. Raises UnfitError for amounts that are no numbers and for more than 100 items."""
    if len(order.offer) + len(order.consideration) > MOST_ITEMS:
        raise UnfitError(Reason.OUT_OF_RANGE, f"the order has more than {MOST_ITEMS} items")
    return Terms(_parts(order.offer), _parts(order.consideration), word_of(order.offerer, "offerer"))


def fees_of(terms: Terms, quantity: int | None, price: int | None) -> tuple[Fee, ...] | None:
    """Return what a fill of `quantity` NFTs for `price` paid to others than the offerer, as the order lists it.

    In a listing the buyer pays the seller, who is the offerer, and the fees; in an offer the buyer is the offerer, and
    the fees go off what the seller gets. A part of an order fills the same part of each amount. None, which is unknown,
    unless all amounts are known and add up to the price to the last base unit.
    """
    if price is None or even_share(terms.price, quantity, terms.quantity) != price:
        return None
    paid = [part for part in terms.asked if part.is_money and part.recipient != terms.offerer]
    fees = [_fee(part.recipient, even_share(part.amount, quantity, terms.quantity)) for part in paid]
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
    start, end = whole_of(item.start_amount, "startAmount"), whole_of(item.end_amount, "endAmount")
    kind = whole_of(item.item_type, "itemType")
    return Part(kind, start if start == end else None, word_of(item.recipient, "recipient"))


def _total(parts: Sequence[Part]) -> int | None:
    amounts = [part.amount for part in parts if part.amount is not None]
    return sum(amounts) if len(amounts) == len(parts) else None
