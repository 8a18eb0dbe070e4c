"""What packing looks up or tells by a short cut is what the plain way gives; the rest is held against SQL elsewhere."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.loader.warehouse.test_rows import SALES
from tidemark.loader.transform.order import Fee
from tidemark.loader.transform.sale import Sale
from tidemark.loader.warehouse.kind import kind_of
from tidemark.loader.warehouse.packing import Codes, FeeKind, packed, to_digits

DIGITS = st.text("0123456789abcdefA \n", min_size=38, max_size=66)
HEXADECIMAL = re.compile(r"0x(?:[0-9a-f]{40}|[0-9a-f]{64})")
MOMENTS = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 6)]
KINDS = ("marketplace", "royalty", "other")
FEE_KINDS = st.lists(
    st.builds(
        FeeKind,
        recipient=st.sampled_from(["0xa", "0xb"]),
        chain=st.sampled_from(["*", "base", "zora"]),
        since=st.none() | st.sampled_from(MOMENTS),
        kind=st.sampled_from(KINDS),
    ),
    unique_by=lambda row: (row.recipient, row.chain, row.since),
)


@given(st.from_regex(HEXADECIMAL, fullmatch=True) | DIGITS.map("0x{}".format) | st.text(max_size=70))
def test_the_digits_of_a_text_are_its_own_or_those_of_its_bytes(text: str) -> None:
    if HEXADECIMAL.fullmatch(text):
        assert to_digits(text) == ("" if text == "0x" + 40 * "0" else text[2:])
    else:
        assert bytes.fromhex(to_digits(text)).removeprefix(b"\0").decode() == text.replace("\0", "\ufffd")


def since(row: FeeKind) -> datetime:
    return row.since or datetime.min.replace(tzinfo=UTC)


@given(FEE_KINDS, SALES, st.sampled_from(["base", "zora"]), st.sampled_from(MOMENTS))
def test_a_fee_is_of_the_kind_that_its_chain_says_last_or_else_every_chain(
    rows: list[FeeKind], sale: Sale, chain: str, at: datetime
) -> None:
    codes = Codes(fee_kinds=tuple(rows))
    for name in ("0xa", "0xb", "0xc"):
        holding = [row for row in rows if row.recipient == name and row.chain in {chain, "*"} and since(row) <= at]
        last = max(holding, key=lambda row: (row.chain != "*", since(row)), default=None)
        told = replace(sale, chain=chain, sold_at=at, fees=(Fee(name, 7),), price_raw=None)
        totals = packed(told, codes, kind_of(told, frozenset()))[2][1::2]  # of which none is a share of the price
        assert totals == [7 if kind == (last.kind if last else "royalty") else 0 for kind in KINDS]


def test_a_word_of_one_character_is_told_from_a_code() -> None:
    word = Codes(words=("ETH",)).word
    assert [word[each] for each in ("ETH", "!", " x", "ab", "\0")] == ["!", " !", "  x", "ab", "\0"]


def test_words_without_a_code_stay_what_they_are_however_many_there_are() -> None:
    word = Codes(words=("ETH",)).word
    made = [f"T{number}" for number in range(3000)]
    assert [word[each] for each in made + made] == made + made
    assert (word["ETH"], word["!"], word[None], len(word) < 2000) == ("!", " !", None, True)
