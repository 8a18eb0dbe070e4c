"""Orders: a listing or an offer, signed by its maker, with the Seaport parameters that the stream shows."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

from tidemark.simulator.market.actors import Collection
from tidemark.simulator.market.chains import Token

NATIVE, ERC20, ERC721, ERC1155, ERC721_CRITERIA, ERC1155_CRITERIA = range(6)
FEE_RECIPIENT = "0x0000a26b00c1f0df003000390027140000faa719"
FEE_BPS = 100
CONDUIT_KEY = "0x0000007b02230091a7ed01230072f7006a004d60a8d4e71d599b8104250f0000"
NO_ZONE = "0x0000000000000000000000000000000000000000"
NO_HASH = "0x" + "0" * 64


@lru_cache(maxsize=20_000)
def mixed_case(address: str) -> str:
    """Return an address in the mixed case of a checksum; readers must not rely on its case."""
    bits = int.from_bytes(sha256(address.encode()).digest(), "big")
    return "0x" + "".join(letter.upper() if bits >> i & 1 else letter for i, letter in enumerate(address[2:]))


@dataclass(frozen=True)
class Order:
    """A listing or an offer.

    `token_id` is None for an offer on a collection or on a trait. `price` is for all of `quantity`, in base units.
    """

    listing: bool
    order_hash: str
    maker: str
    collection: Collection
    token_id: str | None
    quantity: int
    price: int
    token: Token
    created_at: datetime
    expires_at: datetime
    trait: tuple[str, str] | None = None
    private_to: str | None = None

    @property
    def kind(self) -> str:
        """The stream's name for the making of this order."""
        if self.listing:
            return "item_listed"
        if self.token_id is not None:
            return "item_received_bid"
        return "trait_offer" if self.trait else "collection_offer"

    @property
    def fees(self) -> dict[str, int]:
        """What the marketplace and the creator get of the price, by recipient."""
        royalty = self.price * self.collection.royalty_bps // 10_000
        fees = {FEE_RECIPIENT: self.price * FEE_BPS // 10_000, self.collection.royalty_recipient: royalty}
        return {recipient: amount for recipient, amount in fees.items() if amount}

    @cached_property
    def protocol_data(self) -> dict[str, Any] | None:
        """The order as Seaport has it, amounts as strings; None on a chain without Seaport."""
        if self.collection.chain.base58:
            return None
        kind, identifier = ERC1155 if self.collection.editions else ERC721, self.token_id
        if identifier is None:  # any token of the collection, or those with a trait
            kind, identifier = kind + 2, str(int(self.order_hash[2:42], 16) if self.trait else 0)
        goods = _item(kind, mixed_case(self.collection.contract), identifier, self.quantity)
        money = self._money(self.price)
        cuts = [self._money(amount, recipient) for recipient, amount in self.fees.items()]
        if self.listing:
            rest = self.price - sum(self.fees.values())
            offer, consideration = [goods], [self._money(rest, self.maker), *cuts]
        else:
            offer, consideration = [money], [goods | {"recipient": mixed_case(self.maker)}, *cuts]
        return {"parameters": self._parameters(offer, consideration), "signature": None}

    def _money(self, amount: int, recipient: str | None = None) -> dict[str, Any]:
        item = _item(NATIVE if self.token.native else ERC20, mixed_case(self.token.address), "0", amount)
        return item | {"recipient": mixed_case(recipient)} if recipient else item

    def _parameters(self, offer: list[dict[str, Any]], consideration: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "conduitKey": CONDUIT_KEY,
            "consideration": consideration,
            "counter": "0",
            "endTime": str(int(self.expires_at.timestamp())),
            "offer": offer,
            "offerer": self.maker,
            "orderType": 1 if self.collection.editions else 0,
            "salt": f"0x360c6ebe{self.order_hash[10:66]}",
            "startTime": str(int(self.created_at.timestamp())),
            "totalOriginalConsiderationItems": len(consideration),
            "zone": NO_ZONE,
            "zoneHash": NO_HASH,
        }


def _item(kind: int, token: str, identifier: str, amount: int) -> dict[str, Any]:
    return {
        "endAmount": str(amount),
        "identifierOrCriteria": identifier,
        "itemType": kind,
        "startAmount": str(amount),
        "token": token,
    }
