"""The side that a payment token gives away, and where it gives nothing away."""

import pytest

from tidemark.loader.transform.payment import NATIVE, side_by_payment
from tidemark.loader.transform.sale import Side

WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"


@pytest.mark.parametrize(
    ("chain", "token", "side"),
    [
        ("ethereum", NATIVE, Side.LISTING),
        ("ethereum", WETH, Side.OFFER),
        ("ethereum", USDC, Side.UNKNOWN),
        ("ethereum", None, Side.UNKNOWN),
        ("base", WETH, Side.UNKNOWN),
        ("base", "0x4200000000000000000000000000000000000006", Side.OFFER),
        ("polygon", "0x7ceb23fd6bc0add59e62ac25578270cff1b9f619", Side.UNKNOWN),
        ("polygon", NATIVE, Side.UNKNOWN),
        ("ronin", NATIVE, Side.UNKNOWN),
        ("a_chain_of_tomorrow", NATIVE, Side.LISTING),
        ("a_chain_of_tomorrow", WETH, Side.UNKNOWN),
    ],
)
def test_only_a_payment_that_is_used_on_one_side_tells_it(chain: str, token: str | None, side: Side) -> None:
    assert side_by_payment(chain, token) is side
