"""A reject says why in few and printable words, whatever it quotes."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tidemark.loader.transform.outcome import LONGEST_DETAIL, Reason, UnfitError, rejected


@given(st.text())
def test_a_detail_is_short_and_has_no_control_characters(text: str) -> None:
    detail = rejected("item_sold", Reason.MALFORMED, text).detail
    assert len(detail) <= LONGEST_DETAIL
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in detail)


def test_short_words_are_kept_as_they_are() -> None:
    assert rejected("item_sold", Reason.CUT, "the message was cut").detail == "the message was cut"


def test_an_unfit_value_carries_its_reason() -> None:
    unfit = UnfitError(Reason.OUT_OF_RANGE, "quantity is negative: -1")
    assert (unfit.reason, unfit.detail) == (Reason.OUT_OF_RANGE, "quantity is negative: -1")


def test_every_reason_is_explained_to_people() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sales.md").read_text()
    page = page.partition("## Why a line is rejected")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(Reason)
