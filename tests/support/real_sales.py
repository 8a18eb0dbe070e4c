"""The sales among the real messages, each column worked out by hand from its message."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ETHER = "0x0000000000000000000000000000000000000000"

ROYALTY = [{"recipient": "0x74ce08242c97fac3be8b63a9d5061c5ef2c1c3a8", "amount_raw": "592000000000000"}]

SNEAKERHEADS: dict[str, Any] = {
    "sale_uid": "585fd555-8972-64b7-30b6-2fa07c9713b6",
    # sha256sum of v2|ethereum|0x27b0…|0x8dc7…|3884|0x2fba…|0x16ce…|0xa16f…|price 150000000000000000|1
    "sold_at": datetime(2022, 12, 1, 16, 54, 23, tzinfo=UTC),
    "sold_at_source": "transaction",
    "event_at": datetime(2022, 12, 1, 16, 54, 23, tzinfo=UTC),
    "sent_at": datetime(2022, 12, 1, 16, 54, 27, 741979, tzinfo=UTC),
    "chain": "ethereum",
    "transaction_hash": "0x27b04793393f06f5529bed99bfb35f8af2487a478a7ace121ebc1f057c77c6b1",
    "order_hash": "0x2fba6c445b08e38e013a96463b69242cfed5b41459a9635fed28eff3809ce9b8",
    "collection_slug": "sneakerheadsofficial",
    "contract_address": "0x8dc7b6ec6fafa36085ee9ec8e39112428d3360aa",
    "token_id": "3884",
    "nft_name": "SNEAKERHEADS #3884",
    "token_standard": None,
    "maker": "0x16ce6c6662510faf7c34bb1406fd8c20641db9e3",
    "taker": "0xa16f1cba10737adff9b7ed6f12bd3fcfe93c2d8e",
    # paid in ether on Ethereum, where an offer would be paid in an ERC-20 token: a listing, so the maker sold
    "seller": "0x16ce6c6662510faf7c34bb1406fd8c20641db9e3",
    "buyer": "0xa16f1cba10737adff9b7ed6f12bd3fcfe93c2d8e",
    "side": "listing",
    "side_source": "payment_token",
    "quantity": None,  # the message does not say
    "price_raw": Decimal(150000000000000000),
    "payment_token_address": ETHER,
    "payment_token_symbol": "ETH",
    "payment_token_decimals": 18,
    "price": Decimal("0.15"),
    "unit_price": None,
    "usd_rate": Decimal("1287.160000000000082"),
    "eth_rate": Decimal(1),
    "price_usd": Decimal("193.0740000000000123"),
    "price_eth": Decimal("0.15"),
    "fees": None,  # no order, so it is unknown who got what
    "marketplace_fee_raw": None,
    "royalty_raw": None,
    "other_fee_raw": None,
    "is_private": False,
    "is_replayed": False,
    "source": "stream",
}

STAMP_PUNK: dict[str, Any] = {
    "sale_uid": "cee16f97-b11e-f996-0448-2b065592d32a",
    # sha256sum of v2|ethereum|0x43d6…|0x82c7…|3624…|0x4468…|0x9c21…|0xf78e…|1|1
    "sold_at": datetime(2023, 5, 22, 0, 52, 47, tzinfo=UTC),
    "sold_at_source": "transaction",
    "event_at": datetime(2023, 5, 22, 0, 52, 47, tzinfo=UTC),
    "sent_at": datetime(2023, 5, 22, 0, 52, 57, 56776, tzinfo=UTC),
    "chain": "ethereum",
    "transaction_hash": "0x43d6305f26b0b64034883b3a93aa1bafd6a1c20749e9ea84a0cb6ad5a3eb132c",
    "order_hash": "0x44683b701286ccc9053bb4b4c433d9fb22795498cd6fa4bf5846597f73199ac1",
    "collection_slug": "emblem-vault",
    "contract_address": "0x82c7a8f707110f5fbb16184a5933e9f78a34c6ab",
    "token_id": "36243717267408641",
    "nft_name": "StamPunk #7401",
    "token_standard": "erc721",
    "maker": "0x9c21ba9b67696c192007691c1126bf22d34468e6",
    "taker": "0xf78ee64bbc365d43e3ec86cdcc61a2e7389b4561",
    # the order offers an ERC-721, so it is a listing and its maker sold
    "seller": "0x9c21ba9b67696c192007691c1126bf22d34468e6",
    "buyer": "0xf78ee64bbc365d43e3ec86cdcc61a2e7389b4561",
    "side": "listing",
    "side_source": "order",
    "quantity": Decimal(1),
    "price_raw": Decimal(118400000000000000),
    "payment_token_address": ETHER,
    "payment_token_symbol": "ETH",
    "payment_token_decimals": 18,
    "price": Decimal("0.1184"),
    "unit_price": Decimal("0.1184"),
    "usd_rate": Decimal("1805.279999999999973"),
    "eth_rate": Decimal(1),
    "price_usd": Decimal("213.7451519999999968032"),
    "price_eth": Decimal("0.1184"),
    # 0.117808 of 0.1184 to the seller, 0.000592 to the creator, nothing to OpenSea
    "fees": ROYALTY,
    "marketplace_fee_raw": Decimal(0),
    "royalty_raw": Decimal(592000000000000),
    "other_fee_raw": Decimal(0),
    "is_private": False,
    "is_replayed": False,
    "source": "stream",
}

# the same sale as a server of 2026 would have sent it, in a transaction of its own
NEW_SERVER: dict[str, Any] = STAMP_PUNK | {
    "sale_uid": "7fed1c3e-1b12-73ad-6966-bf39bacc1be3",  # sha256sum of the same text with the other transaction
    "transaction_hash": f"0x{26:064d}",
}
