"""The chains of the market and what is paid with on them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import sin

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Token:
    """A payment token. `dollars` is what one unit costs, `name` is as the server of 2026 has it."""

    address: str
    symbol: str
    name: str
    decimals: int
    dollars: float

    @property
    def native(self) -> bool:
        """Tell whether it is the chain's own coin."""
        return self.address == ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain: `name` is the stream's, `api_name` the Events API's. Offers are always in the wrapped coin.

    Listings are in the native coin, except where `lists_wrapped`; `usdc` is used on both sides.
    """

    name: str
    native: Token
    wrapped: Token
    usdc: Token | None = None
    lists_wrapped: bool = False
    base58: bool = False

    @property
    def api_name(self) -> str:
        """The chain's name in the Events API."""
        return "polygon" if self.name == "matic" else self.name

    @property
    def listing_token(self) -> Token:
        """What most listings ask for."""
        return self.wrapped if self.lists_wrapped else self.native


_ETH = Token(ZERO_ADDRESS, "ETH", "Ethereum", 18, 2512.0)


def _weth(address: str, symbol: str = "WETH") -> Token:
    return Token(address, symbol, "Wrapped Ethereum", 18, 2512.0)


def _usdc(address: str) -> Token:
    return Token(address, "USDC", "USD Coin", 6, 1.0)


def _own(symbol: str, name: str, wrapped: str, dollars: float) -> tuple[Token, Token]:
    """Return a chain's own coin and its wrapped form."""
    return Token(ZERO_ADDRESS, symbol, name, 18, dollars), Token(wrapped, f"W{symbol}", f"Wrapped {name}", 18, dollars)


ETHEREUM = Chain(
    "ethereum",
    _ETH,
    _weth("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"),
    _usdc("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
)
BASE = Chain(
    "base",
    _ETH,
    _weth("0x4200000000000000000000000000000000000006"),
    _usdc("0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"),
)
MATIC = Chain(
    "matic",
    Token(ZERO_ADDRESS, "POL", "Polygon", 18, 0.41),
    _weth("0x7ceb23fd6bc0add59e62ac25578270cff1b9f619", "ETH"),
    _usdc("0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"),
    lists_wrapped=True,
)
ARBITRUM = Chain("arbitrum", _ETH, _weth("0x82af49447d8a07e3bd95bd0d56f35241523fbab1"))
OPTIMISM = Chain("optimism", _ETH, _weth("0x4200000000000000000000000000000000000006"))
ABSTRACT = Chain("abstract", _ETH, _weth("0x3439153eb7af838ad19d56e1571fbd09333c2809"))
APE_CHAIN = Chain("ape_chain", *_own("APE", "ApeCoin", "0x48b62137edfa95a428d35c09e44256a739f6b557", 0.87))
AVALANCHE = Chain(
    "avalanche",
    *_own("AVAX", "Avalanche", "0xb31f66aa3c1e785363f0875a1b74e27b85fd66c7", 27.3),
    lists_wrapped=True,
)
_SOL = Token("So11111111111111111111111111111111111111112", "SOL", "Solana", 9, 164.0)
SOLANA = Chain("solana", _SOL, _SOL, base58=True)

SWING = 0.02
_STABLE = "USDC"


def dollars(token: Token, at: datetime) -> Decimal:
    """Return the dollars for one unit of a token, with four decimals."""
    if token.symbol == _STABLE:
        return Decimal("0.9998")
    hours = at.timestamp() / 3600
    return round(Decimal(token.dollars * (1 + SWING * (sin(hours / 3) + sin(hours * 7) / 4))), 4)


def ether(token: Token, at: datetime) -> Decimal:
    """Return the ETH for one unit of a token, with 15 decimals; 1 for ether in any form."""
    if token.dollars == ETHEREUM.native.dollars:
        return Decimal(1)
    return round(dollars(token, at) / dollars(ETHEREUM.native, at), 15)
