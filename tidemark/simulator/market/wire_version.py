"""The two ways in which the stream has written the same things: the server of 2022 to 2024, and that of 2026."""

import re
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from tidemark.simulator.market.actors import Collection
from tidemark.simulator.market.chains import Token, dollars, ether
from tidemark.simulator.message import Message


class WireVersion(Enum):
    """How the server writes times, tokens and items."""

    OLD = "2024"
    MODERN = "2026"

    @property
    def modern(self) -> bool:
        """Tell whether it is the version of 2026."""
        return self is WireVersion.MODERN

    @property
    def protocol_address(self) -> str:
        """The address of Seaport in its day: 1.5, then 1.6."""
        return (
            "0x0000000000000068f116a894984e2db1123eb395"
            if self.modern
            else "0x00000000000000adc04c56bf30ac9d3c0aaf14dc"
        )

    def timestamp(self, at: datetime) -> str:
        """Write a UTC time."""
        return at.replace(tzinfo=None).isoformat(timespec="microseconds") + ("Z" if self.modern else "+00:00")

    def envelope(self, event_type: str, version: int, sent_at: datetime, payload: dict[str, Any]) -> dict[str, Any]:
        """Put a payload into its envelope; only the modern server tells versions, and the keys' order differs."""
        if self.modern:
            head = {"event_type": event_type, "version": version, "sent_at": self.timestamp(sent_at)}
            return head | {"payload": payload}
        return {"event_type": event_type, "payload": payload, "sent_at": self.timestamp(sent_at)}

    def transaction(self, transaction: str, at: datetime) -> dict[str, Any]:
        """Write a transaction; its timestamp became epoch seconds, still as a string."""
        return {"hash": transaction, "timestamp": str(int(at.timestamp())) if self.modern else self.timestamp(at)}

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


_MOVING = re.compile(rb'"(?P<name>sent_at|event_timestamp|order_hash)":"(?P<value>[^"]*)"')


class Template:
    """A message of an order; `fill` prints it again in about a microsecond, `Market` needs fifty."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._version = WireVersion.MODERN if b'"version":' in message.body else WireVersion.OLD
        self._form = _MOVING.sub(rb'"\g<name>":"%(\g<name>)b"', message.body.replace(b"%", b"%%"))

    def fill(self, sent_at: datetime, order_hash: bytes) -> Message:
        """Return the message as sent at another time, for an order of this hash."""
        at = self._version.timestamp(sent_at).encode()
        body = self._form % {b"sent_at": at, b"event_timestamp": at, b"order_hash": order_hash}
        return Message(self._message.event_type, self._message.slug, body)
