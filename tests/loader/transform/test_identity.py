"""One sale has one identity, however its chain and its hexadecimal names are spelled."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.loader.transform.identity import Nft, chain_of, label_of, needed_word, nft_of, sale_uid, word_of
from tidemark.loader.transform.outcome import Reason, UnfitError

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


def test_the_identity_is_the_digest_of_its_parts() -> None:
    nft = Nft("ethereum", "0xc", "7")
    assert sale_uid(nft, "0xa", "0xb").bytes == sha256(b"v1|ethereum|0xa|0xc|7|0xb").digest()[:16]
    assert sale_uid(nft, "0xa", None).bytes == sha256(b"v1|ethereum|0xa|0xc|7|").digest()[:16]


words = st.text(st.characters(codec="ascii"), min_size=1, max_size=6)
parts = st.tuples(words, words, words, words)


@given(parts, parts)
def test_two_sales_share_an_identity_only_if_every_part_is_equal(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    try:
        first, second = ([needed_word(part, "part") for part in sale] for sale in (one, other))
    except UnfitError:
        return
    uids = {sale_uid(Nft("base", sale[0], sale[1]), sale[2], sale[3]) for sale in (first, second)}
    assert (len(uids) == 1) == (first == second)
