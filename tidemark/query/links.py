"""Where a value of an answer can be looked at on the web: OpenSea's pages, and the explorers of chains.

Every part of an address is quoted: nothing in a message can end the link, or the escape that carries it.
"""

from collections.abc import Mapping
from urllib.parse import quote

_EXPLORERS = {
    "abstract": "https://abscan.org", "ape_chain": "https://apescan.io", "arbitrum": "https://arbiscan.io",
    "avalanche": "https://snowtrace.io", "base": "https://basescan.org", "bera_chain": "https://berascan.com",
    "blast": "https://blastscan.io", "bsc": "https://bscscan.com", "ethereum": "https://etherscan.io",
    "optimism": "https://optimistic.etherscan.io", "polygon": "https://polygonscan.com",
    "ronin": "https://app.roninchain.com", "solana": "https://solscan.io", "unichain": "https://uniscan.xyz",
}  # fmt: skip
_OPENSEA = "https://opensea.io"
WALLETS = frozenset({"buyer", "seller", "maker", "taker", "wallet", "other_wallet", "recipient"})


def link(column: str, row: Mapping[str, object]) -> str | None:
    """Return the page of a value of a row by its column's name; None where there is none."""
    value, chain, contract = row.get(column), row.get("chain"), row.get("contract_address")
    if not isinstance(value, str) or not value:
        return None
    explorer = _EXPLORERS.get(chain) if isinstance(chain, str) else None
    parts: list[object]
    match column:
        case "collection" | "collection_slug":
            parts = [_OPENSEA, "collection", value]
        case "token_id":
            parts = [_OPENSEA, "item", chain, contract, value]
        case "transaction_hash":
            parts = [explorer, "tx", value]
        case "contract_address":
            parts = [explorer, "address", value]
        case _:
            parts = [_OPENSEA if column in WALLETS else None, value]
    site, *path = parts
    return "/".join([str(site), *(quote(str(part), safe="") for part in path)]) if all(parts) else None
