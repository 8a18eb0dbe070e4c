"""The two ways in which the stream has written the same things: the server of 2022 to 2024, and that of 2026."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from tidemark.simulator.market.cast import Collection
from tidemark.simulator.market.chains import Token
from tidemark.simulator.market.rates import dollars, ether


class Dialect(Enum):
    """How the server writes times, tokens and items."""

    OLD = "2024"
    MODERN = "2026"

    @property
    def modern(self) -> bool:
        """Tell whether it is the dialect of 2026."""
        return self is Dialect.MODERN

    @property
    def protocol_address(self) -> str:
        """The address of Seaport in its day: 1.5, then 1.6."""
        return (
            "0x0000000000000068f116a894984e2db1123eb395"
            if self.modern
            else "0x00000000000000adc04c56bf30ac9d3c0aaf14dc"
        )

    def moment(self, at: datetime) -> str:
        """Write a UTC time."""
        return at.replace(tzinfo=None).isoformat(timespec="microseconds") + ("Z" if self.modern else "+00:00")

    def envelope(self, event_type: str, version: int, sent_at: datetime, payload: dict[str, Any]) -> dict[str, Any]:
        """Put a payload into its envelope; only the modern server tells versions, and the keys' order differs."""
        if self.modern:
            told = {"event_type": event_type, "version": version, "sent_at": self.moment(sent_at)}
            return told | {"payload": payload}
        return {"event_type": event_type, "payload": payload, "sent_at": self.moment(sent_at)}

    def transaction(self, transaction: str, at: datetime) -> dict[str, Any]:
        """Write a transaction; its timestamp became epoch seconds, still as a string."""
        return {"hash": transaction, "timestamp": str(int(at.timestamp())) if self.modern else self.moment(at)}

    def item(self, collection: Collection, token_id: str) -> dict[str, Any]:
        """Write an item with its metadata."""
        chain = collection.chain.name
        nft_id = f"{chain}/{collection.contract}/{token_id}"
        return {
            "chain": {"name": chain},
            "metadata": {
                "animation_url": None,
                "image_url": f"{collection.images}/{token_id[:30]:0>30}.png?w=500&auto=format",
                "metadata_url": None if self.modern else f"https://metadata.invalid/{collection.slug}/{token_id}",
                "name": f"{collection.title} #{token_id[:12]}",
            },
            "nft_id": nft_id,
            "permalink": f"https://opensea.io/{'item' if self.modern else 'assets'}/{nft_id}",
        }

    def payment(self, token: Token, at: datetime, total: int | None = None) -> dict[str, Any]:
        """Write a payment token with the rates of one unit; of the whole `total` on the modern server's orders."""
        units = Decimal(total).scaleb(-token.decimals) if self.modern and total is not None else Decimal(1)
        name = token.name if self.modern else token.name.replace("Ethereum", "Ether")
        rates = ether(token, at) * units, dollars(token, at) * units
        eth_price, usd_price = (f"{rate:f}" if self.modern else f"{rate:.18f}" for rate in rates)
        return {
            "address": token.address,
            "decimals": token.decimals,
            "eth_price": eth_price,
            "name": name,
            "symbol": token.symbol,
            "usd_price": usd_price,
        }
