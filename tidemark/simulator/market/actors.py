"""Who and what takes part: collections and wallets, drawn from a seed."""

from dataclasses import dataclass
from functools import cached_property
from random import Random

from tidemark.simulator.market.chains import (
    ABSTRACT,
    APE_CHAIN,
    ARBITRUM,
    AVALANCHE,
    BASE,
    ETHEREUM,
    MATIC,
    OPTIMISM,
    SOLANA,
    Chain,
)

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
WALLETS = 3000
BOTS = 40
TRAITS = {
    "Background": ("Dawn", "Noon", "Dusk", "Midnight"),
    "Eyewear": ("None", "Monocle", "24k Gold Blocks", "Ski Goggles"),
    "Coat": ("Fisherman", "Raincoat", "Captain", "Castaway"),
}


@dataclass(frozen=True)
class Collection:
    """A collection. `floor` is in whole units of its chain's coin; fees are in basis points of the price.

    With `supply` 0 ids fill 256 bits, as those of shared storefronts and name services do.
    """

    slug: str
    title: str
    chain: Chain
    floor: float
    supply: int
    weight: float
    contract: str
    royalty_bps: int
    royalty_recipient: str
    editions: bool = False

    @cached_property
    def images(self) -> str:
        """The part of an image address that all of the collection share."""
        return f"https://i2c.seadn.io/{self.chain.name}/{self.contract}"

    def draw_token(self, rng: Random) -> str:
        """Draw a token id."""
        if self.chain.base58:
            return draw_base58(rng, 44)
        if self.supply:
            return str(rng.randrange(self.supply))
        return str(rng.getrandbits(256) | 1 << 255)


# slug, title, chain, floor, supply, weight, royalty in basis points, editions
_COLLECTIONS = (
    ("harbor-seals", "Harbor Seals", ETHEREUM, 11.4, 10_000, 30.0, 500, False),
    ("lighthouse-keepers", "Lighthouse Keepers", ETHEREUM, 2.31, 8_888, 22.0, 250, False),
    ("storm-glass", "Storm Glass", ETHEREUM, 0.87, 5_000, 14.0, 750, False),
    ("tide-tables", "Tide Tables", ETHEREUM, 0.052, 9_999, 10.0, 0, False),
    ("name-of-the-sea", "Name of the Sea", ETHEREUM, 0.0041, 0, 9.0, 0, False),
    ("shared-shore", "Shared Shore", ETHEREUM, 0.02, 0, 4.0, 1000, True),
    ("messages-in-bottles", "Messages in Bottles", ETHEREUM, 0.0125, 150, 6.0, 300, True),
    ("kelp-forest", "Kelp Forest", BASE, 0.0068, 20_000, 12.0, 500, False),
    ("flotsam-editions", "Flotsam Editions", BASE, 0.0009, 60, 7.0, 500, True),
    ("tugboats", "Tugboats", BASE, 0.031, 4_444, 6.0, 200, False),
    ("monsoon-riders", "Monsoon Riders", MATIC, 0.011, 10_000, 7.0, 500, False),
    ("river-delta-items", "River Delta Items", MATIC, 0.0007, 400, 5.0, 250, True),
    ("mistral", "Mistral", ARBITRUM, 0.019, 7_777, 3.0, 500, False),
    ("gulf-stream", "Gulf Stream", OPTIMISM, 0.008, 3_333, 2.0, 400, False),
    ("abstract-anchors", "Abstract Anchors", ABSTRACT, 0.043, 6_666, 4.0, 500, False),
    ("barnacle-brigade", "Barnacle Brigade", APE_CHAIN, 38.0, 5_555, 3.0, 690, False),
    ("snowmelt", "Snowmelt", AVALANCHE, 1.9, 2_500, 1.5, 500, False),
    ("sunken-coins", "Sunken Coins", SOLANA, 2.4, 4_000, 3.0, 420, False),
)


def draw_address(rng: Random) -> str:
    """Draw an EVM address."""
    return f"0x{rng.getrandbits(160):040x}"


def draw_hash(rng: Random) -> str:
    """Draw a hash of 32 bytes."""
    return f"0x{rng.getrandbits(256):064x}"


def draw_base58(rng: Random, length: int) -> str:
    """Draw a name as Solana's addresses and signatures have them."""
    return "".join(rng.choices(_BASE58, k=length))


class Actors:
    """Everybody who trades, and everything that is traded."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._evm = [draw_address(rng) for _ in range(WALLETS)]
        self._base58 = [draw_base58(rng, 44) for _ in range(WALLETS // 10)]
        self.collections = [self._found(row) for row in _COLLECTIONS]
        self._weights = [collection.weight for collection in self.collections]

    def _found(self, row: tuple[str, str, Chain, float, int, float, int, bool]) -> Collection:
        slug, title, chain, floor, supply, weight, royalty_bps, editions = row
        contract = draw_base58(self._rng, 44) if chain.base58 else draw_address(self._rng)
        return Collection(
            slug, title, chain, floor, supply, weight, contract, royalty_bps, self.wallet(chain), editions
        )

    def collection(self) -> Collection:
        """Draw a collection; the hot ones more often."""
        return self._rng.choices(self.collections, self._weights)[0]

    def wallet(self, chain: Chain, other_than: str | None = None) -> str:
        """Draw a trader of a chain; a few trade far more than the rest."""
        wallets = self._base58 if chain.base58 else self._evm
        while (wallet := wallets[int(len(wallets) * self._rng.random() ** 2)]) == other_than:
            continue
        return wallet

    def bidder(self, chain: Chain) -> str:
        """Draw one of the few programs that make nearly all bids."""
        wallets = self._base58 if chain.base58 else self._evm
        return wallets[-1 - self._rng.randrange(min(BOTS, len(wallets)))]
