"""What happens in the market; each event becomes one message of the stream."""

from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Sold:
    """A part of an order, or all of it, was filled. `price` is for `quantity`, in base units.

    `at` is the time of the transaction, `event_at` the event's time: the same, unless the sale is sent again later.
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
