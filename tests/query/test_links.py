import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.query.links import link

ROW = {"collection": "doodles-official", "token_id": "7", "chain": "base", "contract_address": "0xc", "buyer": "0xb",
       "transaction_hash": "0xt"}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "page"),
    [
        ("collection", "https://opensea.io/collection/doodles-official"),
        ("token_id", "https://opensea.io/item/base/0xc/7"),
        ("buyer", "https://opensea.io/0xb"),
        ("transaction_hash", "https://basescan.org/tx/0xt"),
        ("contract_address", "https://basescan.org/address/0xc"),
        ("chain", None),
        ("seller", None),
    ],
)
def test_a_value_has_its_page(column: str, page: str | None) -> None:
    assert link(column, ROW) == page


def test_without_a_known_chain_there_is_no_page_of_a_transaction() -> None:
    for chain in (None, "nochain", 7):
        assert link("transaction_hash", {**ROW, "chain": chain}) is None
    assert link("token_id", {**ROW, "contract_address": None}) is None


@given(st.text(), st.text(), st.sampled_from(["collection", "token_id", "buyer", "transaction_hash"]))
def test_no_value_leaves_its_part_of_the_address(value: str, chain: str, column: str) -> None:
    page = link(column, {column: value, "chain": chain, "contract_address": value})
    assert page is None or (page.isascii() and page.isprintable() and page.count("/") <= 6 and " " not in page)
    assert page is None or page.startswith(("https://opensea.io/", "https://"))
