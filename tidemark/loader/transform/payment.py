"""Which side of the market a payment token gives away, where the order itself is not in the message."""

from tidemark.loader.transform.sale import Side

NATIVE = "0x0000000000000000000000000000000000000000"
# Here listings too are in a wrapped token, so that no payment tells the sides apart.
WRAPPED_LISTINGS = frozenset({"polygon", "avalanche", "flow", "ronin"})
# The token that OpenSea takes offers in, on chains whose listings are in the chain's own currency.
_OP_STACK_WETH = "0x4200000000000000000000000000000000000006"
OFFER_TOKENS = {
    "ethereum": "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
    "abstract": "0x3439153eb7af838ad19d56e1571fbd09333c2809",
    "ape_chain": "0x48b62137edfa95a428d35c09e44256a739f6b557",
    "arbitrum": "0x82af49447d8a07e3bd95bd0d56f35241523fbab1",
    "b3": _OP_STACK_WETH,
    "base": _OP_STACK_WETH,
    "bera_chain": "0x6969696969696969696969696969696969696969",
    "blast": "0x4300000000000000000000000000000000000004",
    "hyperevm": "0x5555555555555555555555555555555555555555",
    "optimism": _OP_STACK_WETH,
    "sei": "0xe30fedd158a2e3b13e9badaeabafc5516e95e8c7",
    "shape": _OP_STACK_WETH,
    "soneium": _OP_STACK_WETH,
    "unichain": _OP_STACK_WETH,
    "zora": _OP_STACK_WETH,
}


def side_by_payment(chain: str, token: str | None) -> Side:
    """Tell the side from the payment alone: offers need a token that can be taken from the buyer later.

    The chain's own currency means a listing and the wrapped one an offer; any other token, such as USDC, is used
    for both and means nothing, and so does every token on chains whose listings are in a wrapped one.
    """
    if token is None or chain in WRAPPED_LISTINGS:
        return Side.UNKNOWN
    if token == NATIVE:
        return Side.LISTING
    return Side.OFFER if token == OFFER_TOKENS.get(chain) else Side.UNKNOWN
