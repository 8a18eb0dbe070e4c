"""Real sales of the stream against values worked out by hand, and every form a sale has had."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.loader.transform.messages import GONE, columns_of, reject_of, sale_of, sample, sold
from tests.support.real_sales import SNEAKERHEADS, STAMP_PUNK
from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.order import Fee, Side
from tidemark.loader.transform.outcome import Reason
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale, SideSource, SoldAtSource

RECEIVED = datetime(2026, 11, 22, 15, 4, 5, 123456, UTC)
ETHER = "0x0000000000000000000000000000000000000000"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
OPENSEA = "0x0000a26b00c1f0df003000390027140000faa719"

ADDED_BY_THE_WAREHOUSE = ("sale_uid", "marketplace_fee_raw", "royalty_raw", "other_fee_raw")


def transformed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the warehouse, worked out by hand, as the transform's sale has it."""
    fees = row["fees"] and tuple(Fee(fee["recipient"], int(fee["amount_raw"])) for fee in row["fees"])
    kept = {name: value for name, value in row.items() if name not in ADDED_BY_THE_WAREHOUSE}
    return kept | {"fees": fees, "received_at": RECEIVED}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("item_sold.2022.docs-example.json", SNEAKERHEADS), ("item_sold.2023.object-frame.json", STAMP_PUNK)],
)
def test_every_column_of_a_real_sale_is_what_a_person_works_out(name: str, expected: dict[str, Any]) -> None:
    sale = read_line(sample(name))
    assert isinstance(sale, Sale)
    assert columns_of(sale) == transformed(expected)


def test_an_accepted_offer_turns_maker_and_taker_and_charges_the_seller() -> None:
    # the order of item_received_bid.2024.message.json: 18 WETH for Pudgy Penguin #3246, of which 0.45 go to OpenSea
    # and 0.09 to the creator
    def item(kind: int, amount: str, recipient: str | None) -> dict[str, Any]:
        return {"itemType": kind, "startAmount": amount, "endAmount": amount, "recipient": recipient}

    maker = "0xb73d5c81096da0f0d16741d1dc89e96a054920b2"
    sale = sale_of(
        sold(
            maker={"address": maker},
            sale_price="18000000000000000000",
            payment_token={
                "address": "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
                "decimals": 18,
                "symbol": "WETH",
                "eth_price": "1.000000000000000",
                "usd_price": "2420.690000000000055000",
            },
            protocol_data={
                "parameters": {
                    "offerer": maker,
                    "offer": [item(1, "18000000000000000000", None)],
                    "consideration": [
                        item(2, "1", "0xb73d5c81096DA0f0d16741D1Dc89e96A054920b2"),
                        item(1, "450000000000000000", "0x0000a26b00c1F0DF003000390027140000fAa719"),
                        item(1, "90000000000000000", "0x1AFa64e9B8e3090F2001F66D9c9a74cde646738a"),
                    ],
                }
            },
        )
    )
    assert (sale.side, sale.side_source) == (Side.OFFER, SideSource.ORDER)
    assert (sale.buyer, sale.seller) == (maker, "0xf78ee64bbc365d43e3ec86cdcc61a2e7389b4561")
    assert sale.payment_token_address == WETH
    assert sale.price_usd == Decimal("43572.42000000000099")  # 2420.690000000000055 * 18
    assert sale.fees == (
        Fee(OPENSEA, 450000000000000000),
        Fee("0x1afa64e9b8e3090f2001f66d9c9a74cde646738a", 90000000000000000),
    )


NFT_ID = "{}/0x82c7a8f707110f5fbb16184a5933e9f78a34c6ab/1"


@pytest.mark.parametrize(
    ("chain", "item_chain", "prefix", "expected"),
    [
        ("ethereum", {"name": "ethereum"}, "ethereum", "ethereum"),
        ({"name": "matic"}, GONE, "matic", "polygon"),
        (GONE, {"name": "base"}, "base", "base"),
        (None, GONE, "zora", "zora"),
        ("Polygon", {"name": "matic"}, "matic", "polygon"),
    ],
)
def test_the_chain_is_found_wherever_it_stands(chain: object, item_chain: object, prefix: str, expected: str) -> None:
    item = {"nft_id": NFT_ID.format(prefix)} | ({} if item_chain is GONE else {"chain": item_chain})
    assert sale_of(sold(chain=chain, item=item)).chain == expected


def test_solana_keeps_the_case_of_its_names() -> None:
    mint, wallet = "DRiP2Pn2K6fuMLKQmt5rZWyHiUZ6WK3GChEySUpHSS4x", "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV"
    sale = sale_of(
        sold(chain="solana", item={"nft_id": f"solana/{mint}"}, maker={"address": wallet}, order_hash="", taker=None)
    )
    assert (sale.contract_address, sale.token_id, sale.maker) == (mint, mint, wallet)
    assert sale.order_hash is None


@pytest.mark.parametrize("order_hash", [GONE, "", None])
def test_a_sale_may_have_no_order_hash(order_hash: object) -> None:
    assert sale_of(sold(order_hash=order_hash)).order_hash is None


@pytest.mark.parametrize("taker", [None, {"address": None}, {"address": ""}])
def test_a_sale_may_have_no_taker(taker: object) -> None:
    sale = sale_of(sold(taker=taker))
    assert (sale.taker, sale.buyer) == (None, None)
    assert sale.seller == STAMP_PUNK["seller"]


def test_a_price_may_have_78_digits_and_any_decimals() -> None:
    highest = 2**256 - 1
    token = {"address": ETHER, "decimals": 77, "symbol": "ETH", "eth_price": 1, "usd_price": 1805.28}
    sale = sale_of(sold(sale_price=str(highest), payment_token=token))
    assert sale.price_raw == highest
    assert sale.price == Decimal("1.15792089237316195423570985008687907853269984665640564039457584007913129639935")
    assert (sale.usd_rate, sale.eth_rate) == (Decimal("1805.28"), Decimal(1))
    assert sale.fees is None  # the order was for another price


def test_a_token_without_decimals_is_priced_in_whole_ones() -> None:
    token = {"address": ETHER, "decimals": "0", "symbol": "ONE"}
    sale = sale_of(sold(sale_price=7, quantity="2", payment_token=token))
    assert (sale.price, sale.unit_price) == (Decimal(7), Decimal("3.5"))
    assert (sale.usd_rate, sale.price_usd, sale.eth_rate, sale.price_eth) == (None, None, None, None)


def test_what_is_paid_with_may_be_unknown_and_then_so_is_the_price() -> None:
    sale = sale_of(sold(payment_token=None, protocol_data=GONE))
    assert sale.price_raw == STAMP_PUNK["price_raw"]
    assert (sale.price, sale.unit_price, sale.price_usd, sale.payment_token_symbol) == (None, None, None, None)
    assert (sale.side, sale.side_source, sale.seller, sale.buyer) == (Side.UNKNOWN, SideSource.NONE, None, None)


def test_a_missing_quantity_is_read_from_an_order_for_one() -> None:
    assert sale_of(sold(quantity=GONE)).quantity == 1
    assert sale_of(sold(quantity=GONE, protocol_data=None)).quantity is None


def test_a_huge_quantity_is_kept() -> None:
    sale = sale_of(sold(quantity=10**77))
    assert sale.quantity == 10**77
    assert sale.fees is None


def test_times_may_be_seconds_and_the_next_one_counts_where_one_is_missing() -> None:
    transaction = {"hash": "0xabc", "timestamp": "1788949571"}
    assert sale_of(sold(transaction=transaction)).sold_at == datetime(2026, 9, 9, 10, 26, 11, tzinfo=UTC)
    sale = sale_of(sold(transaction={"hash": "0xabc"}, closing_date=1788949572))
    assert (sale.sold_at.second, sale.sold_at_source) == (12, SoldAtSource.CLOSING)
    assert sale_of(sold(transaction={"hash": "0xabc"}, closing_date=None)).sold_at_source is SoldAtSource.EVENT


def test_an_old_sale_that_is_broadcast_again_is_marked() -> None:
    message = sold(event_timestamp="2023-09-22T00:52:47Z")
    message["sent_at"] = "2023-09-22T00:52:57Z"
    sale = sale_of(message)
    assert sale.is_replayed
    assert sale.sold_at == STAMP_PUNK["sold_at"]
    assert sale_uid(sale) == sale_uid(sale_of(sold()))


def test_names_are_made_fit_for_a_database() -> None:
    metadata = {"name": "Stam\0Punk " + "x" * 300}
    name = sale_of(sold(item={"nft_id": NFT_ID.format("base"), "metadata": metadata})).nft_name
    assert name is not None
    assert name.startswith("Stam\ufffdPunk")
    assert len(name) == 255


@pytest.mark.parametrize("metadata", [None, {}, {"name": None}, {"name": 5}, {"name": ["x"]}, {"name": ""}])
def test_a_name_that_is_no_text_is_no_name(metadata: object) -> None:
    assert sale_of(sold(item={"nft_id": NFT_ID.format("base"), "metadata": metadata})).nft_name is None


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"item": {}}, Reason.CUT, "payload.item has no nft_id"),
        ({"item": None}, Reason.MALFORMED, "payload.item"),
        ({"item": GONE}, Reason.CUT, "payload has no item"),
        ({"transaction": {"hash": ""}}, Reason.CUT, "transaction.hash is empty"),
        ({"transaction": {"hash": 5, "timestamp": []}}, Reason.MALFORMED, "payload.transaction.hash"),
        ({"transaction": None}, Reason.MALFORMED, "payload.transaction"),
        ({"item": {"nft_id": "ethereum/0xabc"}}, Reason.CUT, "no token id"),
        ({"item": {"nft_id": "the moon/0xabc/1"}, "chain": "?"}, Reason.MALFORMED, "chain"),
        ({"item": {"nft_id": NFT_ID, "chain": "[Object]"}, "chain": None}, Reason.ELIDED, "chain"),
        ({"protocol_data": "[Object]"}, Reason.ELIDED, "payload.protocol_data"),
        ({"transaction": {"hash": "0xa"}, "closing_date": 0, "event_timestamp": "soon"}, Reason.MALFORMED, "no time"),
        ({"transaction": {"hash": "0xa"}, "closing_date": None, "event_timestamp": ""}, Reason.CUT, "no time"),
    ],
)
def test_a_sale_that_cannot_be_told_from_others_is_refused_with_words(
    changes: dict[str, object], reason: Reason, words: str
) -> None:
    reject = reject_of(sold(**changes))
    assert reject.reason is reason
    assert words in reject.detail
    assert reject.event_type == "item_sold"


def token(**changes: object) -> dict[str, object]:
    return {"address": ETHER, "decimals": 18, "symbol": "ETH", "eth_price": "1", "usd_price": "1805.28"} | changes


@pytest.mark.parametrize("wrong", [0, "0", "0.000", "NaN", "n/a", "Infinity", "-Infinity", -1, "1e999", [1], {}, True])
def test_a_rate_that_cannot_be_one_is_unknown_and_the_other_one_counts(wrong: object) -> None:
    sale = sale_of(sold(payment_token=token(eth_price=wrong)))
    assert (sale.eth_rate, sale.price_eth) == (None, None)
    assert sale.price_usd == Decimal("1805.28") * Decimal("0.1184")


@pytest.mark.parametrize("decimals", [78, -1, 10**400, "eighteen", 1.5, None, [], "18 "])
def test_with_decimals_that_no_token_has_the_price_is_known_in_base_units_only(decimals: object) -> None:
    sale = sale_of(sold(payment_token=token(decimals=decimals)))
    assert (sale.price_raw, sale.price, sale.price_eth) == (STAMP_PUNK["price_raw"], None, None)


@pytest.mark.parametrize("price", ["0.5", -1, "n/a", None, GONE, True, {}, 10**78, "0x10"])
def test_a_price_that_cannot_be_read_is_unknown(price: object) -> None:
    sale = sale_of(sold(sale_price=price))
    assert (sale.price_raw, sale.price, sale.price_usd, sale.fees) == (None, None, None, None)
    assert (sale.seller, sale.quantity) == (STAMP_PUNK["seller"], 1)


SECONDS = 1788949571
CLOSED = datetime(2026, 9, 9, 10, 26, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "timestamp",
    [
        *(0, "0", SECONDS * 1000, str(SECONDS * 10**6), SECONDS * 10**9, -SECONDS, 1e300, 10**400, [], {}, True),
        *("soon", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-09-09T10:26:11", "2099-01-01T00:00:00Z"),
    ],
)
def test_a_time_of_another_unit_or_none_at_all_gives_way_to_the_closing_date(timestamp: object) -> None:
    sale = sale_of(sold(transaction={"hash": "0xabc", "timestamp": timestamp}, closing_date=SECONDS))
    assert (sale.sold_at, sale.sold_at_source) == (CLOSED, SoldAtSource.CLOSING)


@pytest.mark.parametrize(
    "wrong", ["no\0where", "é" * 300, "x" * 256, 5, [], {"address": 5, "slug": [], "parameters": 5, "name": 1}]
)
@pytest.mark.parametrize(
    "field", ["maker", "taker", "collection", "order_hash", "is_private", "protocol_data", "chain"]
)
def test_a_part_that_cannot_be_read_costs_nothing_else(field: str, wrong: object) -> None:
    sale, whole = columns_of(sale_of(sold(**{field: wrong}))), transformed(STAMP_PUNK)
    if field == "chain":
        assert sale == whole  # read from the item
        return
    assert sale["token_id"] == whole["token_id"]
    assert sale["price_usd"] == whole["price_usd"]
    of_the_field = {
        "maker": {"maker", "seller"},
        "taker": {"taker", "buyer"},
        "collection": {"collection_slug"},
        "order_hash": {"order_hash"},
        "is_private": {"is_private"},
        "protocol_data": {"fees", "side_source", "token_standard"},
    }[field]
    assert {name for name in whole if sale[name] != whole[name]} == of_the_field
    assert all(sale[name] is None for name in of_the_field - {"side_source"})


def test_an_order_with_a_recipient_that_cannot_be_read_still_shows_the_side() -> None:
    order = sold()["payload"]["protocol_data"]["parameters"]
    order["consideration"][1] |= {"recipient": 5}
    sale = sale_of(sold(protocol_data={"parameters": order}))
    assert (sale.side, sale.fees) == (Side.LISTING, None)
    order["offerer"] = "no\0where"
    assert sale_of(sold(protocol_data={"parameters": order})).fees is None
