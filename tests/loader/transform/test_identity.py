"""One sale has one identity, however its chain and its hexadecimal names are spelled."""

from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.loader.transform.messages import sale_of, sold
from tidemark.loader.transform.identity import (
    LONGEST_WORD,
    Nft,
    chain_of,
    label_of,
    needed_word,
    nft_of,
    sale_uid,
    spelled,
    word_of,
)
from tidemark.loader.transform.outcome import Reason, UnfitError
from tidemark.loader.transform.sale import Source

MINT = "DRiP2Pn2K6fuMLKQmt5rZWyHiUZ6WK3GChEySUpHSS4x"


def test_hexadecimal_names_are_lower_case_and_base58_ones_keep_theirs() -> None:
    assert (
        word_of("0xBd3531dA5CF5857e7CfAA92426877b022e612cf8", "maker") == "0xbd3531da5cf5857e7cfaa92426877b022e612cf8"
    )
    assert word_of(MINT, "maker") == MINT


@pytest.mark.parametrize("text", [None, ""])
def test_an_empty_word_is_unknown(text: str | None) -> None:
    assert word_of(text, "order_hash") is None
    with pytest.raises(UnfitError):
        needed_word(text, "transaction.hash")


@pytest.mark.parametrize("text", ["a b", "a|b", "a\0b", "a\nb", "é", "x" * 256])
def test_a_word_is_short_and_plain(text: str) -> None:
    with pytest.raises(UnfitError, match="maker") as caught:
        word_of(text, "maker")
    assert caught.value.reason is Reason.MALFORMED


@given(st.text(max_size=260) | st.text(st.characters(max_codepoint=255), min_size=1, max_size=4))
def test_a_word_is_any_text_of_printable_ascii_without_the_separator(text: str) -> None:
    fits = 0 < len(text) <= LONGEST_WORD and all("!" <= letter <= "~" and letter != "|" for letter in text)
    assert spelled(text) == ((text.lower() if text.lower().startswith("0x") else text) if fits else None)


def test_a_label_is_bounded_and_holds_no_control_characters() -> None:
    assert label_of("Stam\0Punk\n") == "Stam\ufffdPunk\ufffd"
    assert label_of("x" * 300) == "x" * 255
    assert label_of("") is None
    assert label_of(None) is None


def test_a_chain_has_one_name() -> None:
    assert chain_of("Ethereum") == "ethereum"
    assert chain_of("matic") == "polygon"
    assert chain_of("ape_chain") == "ape_chain"


@pytest.mark.parametrize("text", ["", "a|b", "ether eum", "x" * 41])
def test_what_is_no_name_is_no_chain(text: str) -> None:
    with pytest.raises(UnfitError):
        chain_of(text)


def test_an_nft_is_read_from_its_id() -> None:
    contract = "0xBd3531dA5CF5857e7CfAA92426877b022e612cf8"
    assert nft_of(f"matic/{contract}/007", None) == Nft("polygon", contract.lower(), "007")
    assert nft_of(f"matic/{contract}/7", "base") == Nft("base", contract.lower(), "7")


def test_on_solana_an_nft_is_its_mint_account() -> None:
    assert nft_of(f"solana/{MINT}", None) == Nft("solana", MINT, MINT)
    assert nft_of(f"solana/Collection/{MINT}", None) == Nft("solana", "Collection", MINT)


@pytest.mark.parametrize("nft_id", ["ethereum/0xabc", "ethereum/0xabc/", "ethereum//7", "ethereum", ""])
def test_elsewhere_it_has_a_token_id(nft_id: str) -> None:
    with pytest.raises(UnfitError):
        nft_of(nft_id, None)


def uid(fill: int = 1, /, **changes: object) -> UUID:
    return sale_uid(replace(sale_of(sold()), **changes), fill)


def test_a_sale_uid_is_the_digest_of_what_identifies_the_sale() -> None:
    sale = replace(sale_of(sold()), maker="0xb", taker="0xa", seller="0xb", buyer="0xa", quantity=5, price_raw=7)
    nft = f"{sale.chain}|{sale.transaction_hash}|{sale.contract_address}|{sale.token_id}"
    with_order = f"v2|{nft}|{sale.order_hash}|0xa|0xb|5|1"
    assert sale_uid(sale).bytes == sha256(with_order.encode()).digest()[:16]
    without = f"v2|{nft}||0xb|0xa|5|7|{sale.payment_token_address}|1"
    assert sale_uid(replace(sale, order_hash=None)).bytes == sha256(without.encode()).digest()[:16]


WHO_AND_WHEN: dict[str, object] = {
    "sent_at": None, "received_at": datetime(2030, 1, 1, tzinfo=UTC), "event_at": None, "usd_rate": None,
    "eth_rate": Decimal(2), "nft_name": "x", "collection_slug": "x", "is_private": None, "source": Source.EVENTS_API,
    "sold_at": datetime(2030, 1, 1, tzinfo=UTC),
}  # fmt: skip


@pytest.mark.parametrize("name", WHO_AND_WHEN)
@pytest.mark.parametrize("order_hash", [None, "0xo"])
def test_who_reports_a_sale_and_with_which_times_and_rates_is_no_part_of_it(name: str, order_hash: str | None) -> None:
    assert uid(order_hash=order_hash, **{name: WHO_AND_WHEN[name]}) == uid(order_hash=order_hash)


WHAT: dict[str, object] = {
    "chain": "base", "transaction_hash": "0xt", "contract_address": "0xc", "token_id": "x", "seller": "0xother",
    "buyer": "0xother", "quantity": 77,
}  # fmt: skip


@pytest.mark.parametrize("name", WHAT)
@pytest.mark.parametrize("order_hash", [None, "0xo"])
def test_what_is_sold_by_whom_to_whom_is_part_of_it(name: str, order_hash: str | None) -> None:
    assert uid(order_hash=order_hash, **{name: WHAT[name]}) != uid(order_hash=order_hash)


@pytest.mark.parametrize(("name", "value"), [("price_raw", 77), ("payment_token_address", "0xother")])
def test_the_price_counts_only_where_no_order_decides_it(name: str, value: object) -> None:
    assert uid(**{name: value}) == uid()
    assert uid(order_hash=None, **{name: value}) != uid(order_hash=None)
    assert uid(quantity=None, price_raw=77) != uid(quantity=None, price_raw=78)


def test_an_order_has_one_direction_and_a_sale_without_one_has_two() -> None:
    there, back = {"seller": "0xa", "buyer": "0xb"}, {"seller": "0xb", "buyer": "0xa"}
    assert uid(**there) == uid(**back)
    assert uid(order_hash=None, **there) != uid(order_hash=None, **back)
    unknown = {"order_hash": None, "seller": None, "buyer": None}
    assert uid(**unknown, maker="0xa", taker="0xb") != uid(**unknown, maker="0xb", taker="0xa")


def test_equal_fills_are_counted() -> None:
    assert uid(2) != uid()
