"""Names that a person wrote, and those that they may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST = 3  # characters of a name of which others are a part
# other names of OpenSea's chains, and the one that the loader writes
_CHAINS = {
    "ape": "ape_chain", "apechain": "ape_chain", "arb": "arbitrum", "arbitrum_one": "arbitrum", "avax": "avalanche",
    "bera": "bera_chain", "berachain": "bera_chain", "binance": "bsc", "bnb": "bsc", "eth": "ethereum",
    "mainnet": "ethereum", "matic": "polygon", "op": "optimism", "pol": "polygon", "ron": "ronin", "sol": "solana",
}  # fmt: skip


def chain_of(text: str) -> str:
    """Return a chain's name as the warehouse has it, given any spelling."""
    return _CHAINS.get(text.lower().replace("-", "_"), text.lower())


def chains_called(incomplete: str) -> set[str]:
    """Return the chains that have another name that begins so."""
    return {chain for name, chain in _CHAINS.items() if incomplete and name.startswith(incomplete.lower())}


def near(wanted: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names that are nearest: first those that begin so, then those alike, then those that hold it."""
    wanted, by_lower = wanted.lower(), {name.lower(): name for name in known}
    holding = [name for name in by_lower if wanted in name] if len(wanted) >= _SHORTEST else []
    holding.sort(key=lambda name: (not name.startswith(wanted), len(name), name))
    begins = [name for name in holding if name.startswith(wanted)]
    alike = get_close_matches(wanted, by_lower, n=most, cutoff=0.6)
    return [by_lower[name] for name in dict.fromkeys([*begins, *alike, *holding])][:most]
