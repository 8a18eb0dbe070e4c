"""Real sales of the Events API against values worked out by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.loader.transform.messages import GONE, columns_of, line_of, listed, sale_of, sold
from tidemark.loader.transform.events_api import TOPIC
from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.order import Side
from tidemark.loader.transform.outcome import Reason, Reject
from tidemark.loader.transform.read import Outcome, read_line
from tidemark.loader.transform.sale import Sale, SideSource, SoldAtSource, Source

CONTRACT = "0xb6c2c2d2999c1b532e089a7ad4cb7f8c91cf5075"
SWEEP = "0x6cbbb51900d883f7ee8e7d729b909d129fb0b9097ce5cecfefbd6df0f8885fe5"
# 1756425600 is the start of 2025-08-29 (UTC): 57131 s later it is 15:52:11, and 66779 s later 18:32:59
SWEPT_AT = datetime(2025, 8, 29, 15, 52, 11, tzinfo=UTC)
SWEEPER = "0xd8a21fef68ca7d36f2baf400b88016a4bb9109e0"

GLYPHBOT: dict[str, Any] = {
    "sold_at_source": SoldAtSource.CLOSING,  # closing_date; the API has no time of the transaction
    "sent_at": datetime(2026, 11, 22, 15, 3, tzinfo=UTC),
    "received_at": datetime(2026, 11, 22, 15, 4, 5, 123456, UTC),
    "chain": "ethereum",
    "collection_slug": "glyphbots",
    "token_standard": "erc721",
    "contract_address": CONTRACT,
    "side": Side.LISTING,  # an order on OpenSea, paid in ether on Ethereum
    "side_source": SideSource.PAYMENT_TOKEN,
    "quantity": 1,
    "payment_token_address": "0x0000000000000000000000000000000000000000",
    "payment_token_symbol": "ETH",
    "payment_token_decimals": 18,
    "usd_rate": None,
    "eth_rate": None,
    "price_usd": None,
    "price_eth": None,
    "fees": None,
    "is_private": None,
    "is_replayed": False,
    "source": Source.EVENTS_API,
}


def glyphbot(token_id: str, name: str, price_raw: int, price: str, **columns: object) -> dict[str, Any]:
    return {
        **GLYPHBOT,
        **columns,
        "event_at": columns["sold_at"],
        "token_id": token_id,
        "nft_name": name,
        "maker": columns["seller"],
        "taker": columns["buyer"],
        "price_raw": price_raw,
        "price": Decimal(price),
        "unit_price": Decimal(price),
    }


SALES = [
    glyphbot(
        "9933",
        "GlyphBot #9933 - Neon the Gentle",
        520000000000000,
        "0.00052",
        sold_at=datetime(2025, 8, 29, 18, 32, 59, tzinfo=UTC),
        transaction_hash="0xc2cddd634ddfe6c6e5d3f9f5f4f73d669787b4b7ce91bb30b91dca7ed06ea31d",
        order_hash="0x72f9de4cf6826cd799bd72e927a66963d14e2da49ceee8a4f14f4d9ed79d5ab9",
        seller="0xfebb9ead7c0ea188822731887d078dc9d560c748",
        buyer="0x6b5566150d8671adfcf6304a4190f176f65188e9",
    ),
    glyphbot(
        "2930",
        "GlyphBot #2930 - Fluxbyte",
        500000000000000,
        "0.0005",
        sold_at=SWEPT_AT,
        transaction_hash=SWEEP,
        order_hash="0x9c9dbfed1b8146fa3b8e0011bc384972b4c8ae2fc59cf789f3cb8efb42aa1920",
        seller="0x7edfbd2d04505e74ea6ff6c1720275a9b16a3869",
        buyer=SWEEPER,
    ),
    glyphbot(
        "199",
        "GlyphBot #199 - Zippy the Curious",
        520000000000000,
        "0.00052",
        sold_at=SWEPT_AT,
        transaction_hash=SWEEP,
        order_hash="0xb617965d4144fdd0b8387e8c13c8e80f01c76fb92c929c749d6f1f25491a7e6c",
        seller="0x7383173dadf422ad2dbd754698706cc1397671d1",
        buyer=SWEEPER,
    ),
]


def read(message: object) -> Outcome:
    return read_line(line_of(message, TOPIC))


def listed_sale(number: int = 0, /, **changes: object) -> Sale:
    outcome = read(listed(number, **changes))
    assert isinstance(outcome, Sale), outcome
    return outcome


@pytest.mark.parametrize("number", range(len(SALES)))
def test_every_column_of_a_real_sale_is_what_a_person_works_out(number: int) -> None:
    assert columns_of(listed_sale(number)) == SALES[number]


def test_the_sales_of_one_sweep_are_told_apart() -> None:
    sweep = [listed_sale(number) for number in (1, 2, 3)]
    assert {sale.transaction_hash for sale in sweep} == {SWEEP}
    assert len({sale_uid(sale) for sale in sweep}) == 3


def test_the_stream_and_the_events_api_agree_on_what_a_sale_is() -> None:
    streamed = sale_of(sold(chain="matic"))
    fetched = listed_sale(
        chain="polygon",
        transaction=streamed.transaction_hash,
        order_hash=streamed.order_hash,
        seller=streamed.seller,
        buyer=streamed.buyer,
        nft={"identifier": streamed.token_id, "contract": streamed.contract_address, "collection": "emblem-vault"},
    )
    assert sale_uid(fetched) == sale_uid(streamed)


def test_a_sale_made_elsewhere_has_no_order_and_no_side() -> None:
    sale = listed_sale(order_hash="")
    assert (sale.order_hash, sale.side, sale.side_source) == (None, Side.UNKNOWN, SideSource.EVENTS_API)
    assert (sale.maker, sale.taker) == (None, None)
    assert (sale.seller, sale.buyer) == (SALES[0]["seller"], SALES[0]["buyer"])


def test_in_an_accepted_offer_the_buyer_made_the_order() -> None:
    weth = {"quantity": "1", "token_address": "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "decimals": 18}
    sale = listed_sale(payment=weth)
    assert (sale.side, sale.maker, sale.taker) == (Side.OFFER, SALES[0]["buyer"], SALES[0]["seller"])
    assert sale.payment_token_symbol is None


def test_what_the_api_does_not_know_is_unknown() -> None:
    nft = {"identifier": "9933", "contract": CONTRACT, "collection": "", "name": None}
    payment = {"quantity": "", "token_address": "", "decimals": "", "symbol": ""}
    sale = listed_sale(nft=nft, payment=payment, quantity="", seller="", buyer=None, closing_date=None)
    assert (sale.collection_slug, sale.nft_name, sale.quantity, sale.token_standard) == (None, None, None, None)
    assert (sale.price_raw, sale.price, sale.payment_token_address) == (None, None, None)
    assert (sale.seller, sale.buyer) == (None, None)
    assert sale.sold_at_source is SoldAtSource.EVENT


@pytest.mark.parametrize("payment", [None, GONE, "free", {"quantity": "n/a"}, {"token_address": 5}])
def test_a_sale_without_a_payment_that_can_be_read_has_an_unknown_price(payment: object) -> None:
    sale = listed_sale(payment=payment)
    assert (sale.price_raw, sale.price, sale.side) == (None, None, Side.UNKNOWN)
    assert sale.seller == SALES[0]["seller"]


def test_an_identifier_may_be_a_number_of_78_digits() -> None:
    nft = {"identifier": 10**77, "contract": CONTRACT, "collection": "glyphbots"}
    assert listed_sale(nft=nft).token_id == "1" + "0" * 77


def test_an_nft_without_a_contract_is_its_own_account() -> None:
    mint = "DRiP2Pn2K6fuMLKQmt5rZWyHiUZ6WK3GChEySUpHSS4x"
    sale = listed_sale(chain="solana", nft={"identifier": mint, "contract": "", "collection": "drip"})
    assert (sale.contract_address, sale.token_id) == (mint, mint)


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"nft": GONE}, Reason.CUT, "payload has no nft"),
        ({"transaction": ""}, Reason.CUT, "transaction is empty"),
        ({"event_timestamp": None, "closing_date": None}, Reason.CUT, "the sale has no time"),
        ({"chain": 5}, Reason.MALFORMED, "payload.chain"),
        ({"chain": GONE}, Reason.CUT, "payload has no chain"),
        ({"event_timestamp": "2026-08-05T00:45:20"}, Reason.MALFORMED, "event_timestamp is not a time"),
        ({"payment": "[Object]"}, Reason.ELIDED, "payload.payment"),
    ],
)
def test_a_sale_that_cannot_be_trusted_is_refused(changes: dict[str, object], reason: Reason, words: str) -> None:
    reject = read(listed(**changes))
    assert isinstance(reject, Reject)
    assert reject.reason is reason
    assert words in reject.detail
