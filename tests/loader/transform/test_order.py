"""Side, quantity, fees and royalties, as the signed order has them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.loader.transform.order import (
    MOST_ITEMS,
    NATIVE,
    Fee,
    Order,
    Side,
    Terms,
    fees_of,
    side_by_payment,
    terms_of,
)
from tidemark.loader.transform.outcome import Reason, UnfitError, optional
from tidemark.loader.transform.values import whole_of

MAKER, CREATOR, BUYER = "0xaa", "0xcc", "0xbb"
OPENSEA = "0x0000a26b00c1f0df003000390027140000faa719"


def item(kind: object, start: object, recipient: str | None = None, end: object = None) -> dict[str, Any]:
    return {"itemType": kind, "startAmount": start, "endAmount": start if end is None else end, "recipient": recipient}


def terms(offer: list[dict[str, Any]], consideration: list[dict[str, Any]]) -> Terms:
    order = {"offer": offer, "consideration": consideration, "offerer": MAKER.upper().replace("X", "x")}
    return terms_of(msgspec.json.decode(msgspec.json.encode(order), type=Order))


def listing(of: int = 1) -> Terms:
    paid = [item(0, "925", MAKER), item(0, "25", OPENSEA), item(0, "50", CREATOR)]
    return terms([item(3 if of > 1 else 2, str(of))], paid)


def test_a_listing_pays_the_seller_and_the_fees() -> None:
    read = listing()
    assert (read.side, read.quantity, read.price) == (Side.LISTING, 1, 1000)
    assert fees_of(read, 1, 1000) == (
        Fee(OPENSEA, 25),
        Fee(CREATOR, 50),
    )


def test_in_an_offer_the_fees_go_off_what_the_seller_gets() -> None:
    read = terms([item(1, "1000")], [item(2, "1", MAKER), item(1, "25", OPENSEA), item(1, "50", CREATOR)])
    assert (read.side, read.quantity, read.price) == (Side.OFFER, 1, 1000)
    assert fees_of(read, 1, 1000) == (
        Fee(OPENSEA, 25),
        Fee(CREATOR, 50),
    )


@pytest.mark.parametrize("most", [1001, 2**256 - 1])
def test_an_offer_that_lists_more_fees_than_its_price_shows_none(most: int) -> None:
    paid = [item(2, "1", MAKER), *(item(1, str(most // 10 + 1), f"0x{number}") for number in range(10))]
    assert fees_of(terms([item(1, "1000")], paid), 1, 1000) is None


@pytest.mark.parametrize(
    ("kind", "standard"), [(2, "erc721"), (3, "erc1155"), (4, "erc721"), (5, "erc1155"), (9, None), (None, None)]
)
def test_the_order_names_the_standard_of_its_token(kind: object, standard: str | None) -> None:
    assert terms([item(1, "1000")], [item(kind, "1", MAKER)]).token_standard == standard
    assert terms([item(kind, "1")], [item(0, "1000", MAKER)]).token_standard in {standard, None}


@pytest.mark.parametrize("kind", [4, 5])
def test_an_offer_may_ask_for_any_nft_of_a_kind(kind: int) -> None:
    read = terms([item(1, "3000")], [item(kind, "3", MAKER), item(1, "75", OPENSEA)])
    assert (read.side, read.quantity) == (Side.OFFER, 3)
    assert fees_of(read, 1, 1000) == (Fee(OPENSEA, 25),)


def test_a_part_of_an_order_pays_the_same_part_of_each_fee() -> None:
    fees = fees_of(listing(of=5), 2, 400)
    assert fees == (Fee(OPENSEA, 10), Fee(CREATOR, 20))


@pytest.mark.parametrize(("quantity", "price"), [(1, 999), (None, 1000), (1, None), (2, 1000)])
def test_fees_are_unknown_unless_everything_adds_up_to_the_price(quantity: int | None, price: int | None) -> None:
    assert fees_of(listing(), quantity, price) is None


def test_a_share_of_a_fee_that_is_not_whole_is_unknown() -> None:
    read = terms([item(3, "2")], [item(0, "999", MAKER), item(0, "1", OPENSEA)])
    assert fees_of(read, 1, 500) is None


def test_an_auction_moves_its_amounts_with_time() -> None:
    read = terms([item(2, "1")], [item(0, "1000", MAKER, end="500")])
    assert (read.side, read.price) == (Side.LISTING, None)
    assert fees_of(read, 1, 1000) is None


def test_amounts_may_be_numbers_beyond_64_bits_and_kinds_may_be_text() -> None:
    read = terms([item("2", 1)], [item("0", 10**30, MAKER, end=str(10**30))])
    assert (read.side, read.price) == (Side.LISTING, 10**30)


def test_a_private_listing_that_asks_for_the_nft_itself_is_still_about_money() -> None:
    read = terms([item(2, "1")], [item(0, "1000", MAKER), item(2, "1", BUYER)])
    assert fees_of(read, 1, 1000) == ()


@pytest.mark.parametrize("offer", [[], [item(4, "1")], [item(0, "1")]])
def test_any_other_first_item_tells_no_side(offer: list[dict[str, Any]]) -> None:
    assert terms(offer, []).side is Side.UNKNOWN


def test_a_payment_without_a_recipient_leaves_the_fees_unknown() -> None:
    assert fees_of(terms([item(2, "1")], [item(0, "1000")]), 1, 1000) is None


@pytest.mark.parametrize("amount", ["n/a", -1, None, [], "1.5"])
def test_an_amount_that_cannot_be_read_leaves_the_side(amount: object) -> None:
    read = terms([item(2, "1")], [item(0, "925", MAKER), item(0, amount, OPENSEA)])
    assert (read.side, read.quantity, read.price) == (Side.LISTING, 1, None)
    assert fees_of(read, 1, 1000) is None


def test_an_order_without_end_is_refused() -> None:
    with pytest.raises(UnfitError) as caught:
        terms([item(2, "1")] * (MOST_ITEMS + 1), [])
    assert caught.value.reason is Reason.OUT_OF_RANGE


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


FORMS = ("1", 1, "0x1", "", "1e3", -1, [], "7" * 77, "7" * 78, "9" * 78)
AMOUNTS = st.sampled_from(FORMS) | st.integers(0, 2**256)


@given(AMOUNTS, AMOUNTS)
def test_an_amount_is_read_as_any_whole_number_is(start: object, end: object) -> None:
    read = [optional([], whole_of, msgspec.Raw(msgspec.json.encode(each)), "amount") for each in (start, end)]
    assert terms([item(1, start, end=end)], []).price == (read[0] if read[0] == read[1] else None)
