import pytest

from tidemark.query.names import chain_of, near

COLLECTIONS = ["pudgypenguins", "lilpudgys", "pudge", "cats", "Storm-Glass", "dogs"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("pudgy", ["pudgypenguins", "pudge", "lilpudgys"]), ("CATS", ["cats"]), ("penguins", ["pudgypenguins"]),
        ("storm-glas", ["Storm-Glass"]), ("dosg", ["dogs"]), ("zzz", []), ("", []), ("p", []),
    ],
)  # fmt: skip
def test_names_that_begin_so_are_alike_or_hold_it_are_near(wanted: str, found: list[str]) -> None:
    assert near(wanted, COLLECTIONS) == found


def test_no_more_than_wanted_are_near() -> None:
    assert near("cat", [f"cat{number}" for number in range(9)]) == ["cat0", "cat1", "cat2"]


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("matic", "polygon"), ("ETH", "ethereum"), ("mainnet", "ethereum"), ("op", "optimism"), ("arb", "arbitrum"),
        ("bnb", "bsc"), ("avax", "avalanche"), ("sol", "solana"), ("Arbitrum-One", "arbitrum"), ("Base", "base"),
        ("new-chain", "new-chain"),
    ],
)  # fmt: skip
def test_a_chain_is_understood_in_any_spelling(text: str, chain: str) -> None:
    assert chain_of(text) == chain
