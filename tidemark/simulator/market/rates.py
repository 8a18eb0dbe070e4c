"""What a payment token is worth at a moment: a price that wanders, the same for everybody who asks."""

from datetime import datetime
from decimal import Decimal
from math import sin

from tidemark.simulator.market.chains import ETHEREUM, Token

SWING = 0.02
_STABLE = "USDC"


def dollars(token: Token, moment: datetime) -> Decimal:
    """Return the dollars for one unit of a token, with four decimals."""
    if token.symbol == _STABLE:
        return Decimal("0.9998")
    hours = moment.timestamp() / 3600
    return round(Decimal(token.dollars * (1 + SWING * (sin(hours / 3) + sin(hours * 7) / 4))), 4)


def ether(token: Token, moment: datetime) -> Decimal:
    """Return the ETH for one unit of a token, with 15 decimals; 1 for ether in any form."""
    if token.dollars == ETHEREUM.native.dollars:
        return Decimal(1)
    return round(dollars(token, moment) / dollars(ETHEREUM.native, moment), 15)
