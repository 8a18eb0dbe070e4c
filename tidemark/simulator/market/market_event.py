"""What happens in the market; each event becomes one message of the stream."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tidemark.simulator.market.actors import Collection
from tidemark.simulator.market.order import Order


@dataclass(frozen=True, slots=True)
class Placed:
    """An order was made."""

    order: Order
    at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """An order became something else; `kind` is the stream's name for it, `revision` counts what befell the order."""

    kind: str
    order: Order
    at: datetime
    revision: int


class Quirk(StrEnum):
    """What the stream reports wrongly or not at all of a sale."""

    UNKNOWN_RATE = "unknown_rate"
    WRONG_DECIMALS = "wrong_decimals"
    SURROGATE = "surrogate"


@dataclass(frozen=True, slots=True)
class Sold:
    """A part of an order, or all of it, was filled. `price` is for `quantity`, in base units.

    `at` is the time of the transaction, `event_at` the event's time: the same, unless the sale is sent again later.
    `number` is the market's own, the same when the sale is sent again; `hashless` when that is without its order hash.
    """

    order: Order
    token_id: str
    quantity: int
    price: int
    taker: str
    transaction: str
    at: datetime
    event_at: datetime
    elsewhere: bool = False
    number: int = 0
    hashless: bool = False
    quirk: Quirk | None = None

    @property
    def order_hash(self) -> str:
        """The order hash as the stream reports it."""
        return "" if self.elsewhere or self.hashless else self.order.order_hash

    @property
    def parties(self) -> tuple[str, str]:
        """The seller and the buyer."""
        return (self.order.maker, self.taker) if self.order.listing else (self.taker, self.order.maker)


@dataclass(frozen=True, slots=True)
class Moved:
    """An item went from one account to another; from the zero address it was minted."""

    collection: Collection
    token_id: str
    quantity: int
    source: str
    target: str
    transaction: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Redrawn:
    """An item's metadata changed."""

    collection: Collection
    token_id: str
    at: datetime


MarketEvent = Placed | Changed | Sold | Moved | Redrawn
