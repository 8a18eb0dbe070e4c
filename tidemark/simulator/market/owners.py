"""Who owns what was sold: so that items are sold again by their buyers, some of them in circles."""

from collections import deque
from random import Random
from typing import NamedTuple

from tidemark.simulator.market.cast import Cast, Collection
from tidemark.simulator.market.happening import Sold

REMEMBERED = 400
RINGS = 5


class Owned(NamedTuple):
    """An item and its owner."""

    collection: Collection
    token_id: str
    owner: str


class Owners:
    """The latest buyers, and rings of two wallets in one hand that sell an item back and forth."""

    def __init__(self, rng: Random, cast: Cast) -> None:
        self._rng = rng
        self._bought: deque[Owned] = deque(maxlen=REMEMBERED)
        single = [collection for collection in cast.collections if not collection.editions]
        self._rings = [self._ring(cast, rng.choice(single)) for _ in range(RINGS)]

    def _ring(self, cast: Cast, collection: Collection) -> tuple[Owned, str]:
        chain = collection.chain
        return Owned(collection, collection.draw_token(self._rng), cast.wallet(chain)), cast.bidder(chain)

    def note(self, sold: Sold) -> None:
        """Remember the buyer of a single item."""
        order = sold.order
        if not order.collection.editions:
            buyer = sold.taker if order.listing else order.maker
            self._bought.append(Owned(order.collection, sold.token_id, buyer))

    def seller(self) -> Owned | None:
        """Return what one of the latest buyers sells again; None when nobody has bought."""
        if not self._bought:
            return None
        self._bought.rotate(self._rng.randrange(len(self._bought)))
        return self._bought.pop()

    def turn_ring(self) -> tuple[Owned, str]:
        """Return what a ring sells now and to whom; next time it goes the other way."""
        place = self._rng.randrange(RINGS)
        owned, other = self._rings[place]
        self._rings[place] = owned._replace(owner=other), owned.owner
        return owned, other
