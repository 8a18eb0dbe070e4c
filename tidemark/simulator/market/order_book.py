"""The book where orders are made, and kept until they are filled, cancelled or dropped."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from tidemark.simulator.market.actors import TRAITS, Actors, Collection, draw_hash
from tidemark.simulator.market.chains import Token
from tidemark.simulator.market.order import Order

LISTED_FOR = timedelta(days=7)
BID_FOR = timedelta(minutes=20)
OFFER_FOR = timedelta(days=3)  # what people offer; most offers are made by programs, as bids are
USDC_SHARE = 0.06
PRIVATE_SHARE = 0.01
ROUND_SHARE = 0.4


@dataclass(slots=True)
class Live:
    """An order that can still be filled, and how many of its items are left."""

    order: Order
    left: int
    revision: int = 1


class OrderPool:
    """At most `capacity` live orders; a new one replaces another when it is full."""

    def __init__(self, rng: Random, capacity: int = 4000) -> None:
        self._rng = rng
        self._capacity = capacity
        self._live: list[Live] = []

    def __len__(self) -> int:
        return len(self._live)

    def add(self, live: Live) -> None:
        """Put an order in."""
        if len(self._live) < self._capacity:
            self._live.append(live)
        else:
            self._live[self._rng.randrange(self._capacity)] = live

    def take(self) -> Live | None:
        """Take any order out; None when there is none."""
        if not self._live:
            return None
        place = self._rng.randrange(len(self._live))
        self._live[place], self._live[-1] = self._live[-1], self._live[place]
        return self._live.pop()

    def take_open(self, at: datetime) -> Live | None:
        """Take any order out that was open at a time; None when there is none."""
        while live := self.take():
            if live.order.created_at <= at < live.order.expires_at:
                return live
        return None


class OrderBook:
    """Makes orders from a actors."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.actors = Actors(rng)
        self.listings = OrderPool(rng)
        self.editions = OrderPool(rng)
        self.bids = OrderPool(rng)
        self.offers = OrderPool(rng)

    def list_item(self, at: datetime, collection: Collection | None = None) -> Live:
        """List an item, or several of an edition."""
        collection = collection or self.actors.collection()
        token = collection.chain.listing_token
        if collection.chain.usdc and self.rng.random() < USDC_SHARE:
            token = collection.chain.usdc
        quantity = self.rng.randint(1, 25) if collection.editions else 1
        price = self._price(collection, token, self.rng.lognormvariate(0.15, 0.35)) * quantity
        return self._sign(
            collection,
            at,
            listing=True,
            token=token,
            quantity=quantity,
            price=price,
            token_id=collection.draw_token(self.rng),
            private=self.rng.random() < PRIVATE_SHARE,
        )

    def list_edition(self, at: datetime) -> Live:
        """List several copies of an item."""
        while not (collection := self.actors.collection()).editions:
            continue
        return self.list_item(at, collection)

    def keep(self, live: Live) -> None:
        """Keep an order until it is filled, cancelled or forgotten."""
        order = live.order
        if order.listing:
            (self.editions if order.collection.editions else self.listings).add(live)
        else:
            (self.offers if order.token_id is None else self.bids).add(live)

    def bid(self, at: datetime) -> Live:
        """Let one of the bidding programs bid on an item."""
        collection = self.actors.collection()
        price = self._price(collection, collection.chain.wrapped, self.rng.uniform(0.6, 0.97))
        token_id = collection.draw_token(self.rng)
        return self._sign(collection, at, token=collection.chain.wrapped, price=price, token_id=token_id)

    def offer(self, at: datetime, trait: tuple[str, str] | None = None) -> Live:
        """Let one of them offer for any item of a collection, several times over."""
        while (collection := self.actors.collection()).chain.base58:
            continue
        token, quantity = collection.chain.wrapped, self.rng.randint(1, 6)
        price = self._price(collection, token, self.rng.uniform(0.4, 0.6)) * quantity  # below the cheapest listings
        return self._sign(collection, at, token=token, quantity=quantity, price=price, trait=trait)

    def offer_on_trait(self, at: datetime) -> Live:
        """Let one of them offer for any item with a trait."""
        kind = self.rng.choice(list(TRAITS))
        return self.offer(at, (kind, self.rng.choice(TRAITS[kind])))

    def _price(self, collection: Collection, token: Token, of_floor: float) -> int:
        """Return the price of one item in base units; wallets round it, programs pay to the last wei."""
        value = collection.floor * of_floor * collection.chain.native.dollars / token.dollars
        if self.rng.random() < ROUND_SHARE:
            return int(Decimal(f"{value:.2g}").scaleb(token.decimals))
        return int(value * 10**token.decimals)

    def _sign(
        self,
        collection: Collection,
        at: datetime,
        *,
        token: Token,
        price: int,
        listing: bool = False,
        quantity: int = 1,
        token_id: str | None = None,
        trait: tuple[str, str] | None = None,
        private: bool = False,
    ) -> Live:
        chain = collection.chain
        maker = self.actors.wallet(chain) if listing else self.actors.bidder(chain)
        order_hash = draw_hash(self.rng)
        by_person = token_id is None and order_hash[-1] in "0123"
        order = Order(
            listing=listing,
            order_hash=order_hash,
            maker=maker,
            collection=collection,
            token_id=token_id,
            quantity=quantity,
            price=price,
            token=token,
            created_at=at.replace(microsecond=0),
            expires_at=at.replace(microsecond=0) + (LISTED_FOR if listing else OFFER_FOR if by_person else BID_FOR),
            trait=trait,
            private_to=self.actors.wallet(chain, other_than=maker) if private else None,
        )
        return Live(order, quantity)
