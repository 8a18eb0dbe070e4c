"""A reject says why in few printable words; what is optional and cannot be read is left out alone and named."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from tidemark.loader.transform.outcome import (
    LONGEST_DETAIL,
    MOST_DROPPED,
    Reason,
    UnfitError,
    decode,
    optional,
    rejected,
)
from tidemark.loader.transform.values import whole_of


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


class Part(Struct):
    must: str
    may: int | None = None


class Shape(Struct):
    needed: Part
    spare: Part | None = None
    many: list[Part] | None = None


decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Shape)
GOOD = {"must": "x", "may": 1}


def read(message: object) -> tuple[Shape, list[str]]:
    unreadable: list[str] = []
    return decode(decoder, json.dumps(message).encode(), unreadable), unreadable


def repeated(value: object) -> st.SearchStrategy[str]:
    """JSON text of a value in which any key may come several times, the first times with anything."""
    if not isinstance(value, dict):
        return st.just(json.dumps(value))
    anything = st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.sampled_from([GOOD, GOOD | {"may": []}]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("must", "may", "needed")), inner),
        max_leaves=4,
    )
    names = st.sampled_from(tuple(value))
    before = st.lists(st.tuples(names, anything.map(json.dumps)), max_size=3)
    last = st.tuples(*(st.tuples(st.just(name), repeated(each)) for name, each in value.items()))
    pairs = st.builds(lambda some, all_of_them: [*some, *all_of_them], before, last)
    return pairs.map(lambda fields: "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in fields) + "}")


@given(repeated({"needed": GOOD, "spare": GOOD, "many": []}))
def test_of_a_repeated_key_the_last_counts_and_what_fits_is_kept(message: str) -> None:
    unreadable: list[str] = []
    assert decode(decoder, message.encode(), unreadable) == read({"needed": GOOD, "spare": GOOD, "many": []})[0]
    assert unreadable == []


@given(repeated({"needed": GOOD | {"may": "x"}, "spare": {"must": 5}}))
def test_of_a_repeated_key_the_last_is_left_out_where_it_does_not_fit(message: str) -> None:
    unreadable: list[str] = []
    assert decode(decoder, message.encode(), unreadable) == Shape(Part("x"))
    assert sorted(unreadable) == ["needed.may", "spare"]


@pytest.mark.parametrize(
    ("message", "dropped"),
    [
        ({"needed": GOOD}, []),
        ({"needed": GOOD | {"may": "one"}}, ["needed.may"]),
        ({"needed": GOOD, "spare": GOOD | {"may": []}}, ["spare.may"]),
        ({"needed": GOOD, "spare": {"must": 5}}, ["spare"]),
        ({"needed": GOOD, "spare": {}}, ["spare"]),
        ({"needed": GOOD | {"may": {}}, "spare": 7, "many": [GOOD, 5]}, ["needed.may", "spare", "many"]),
        ({"needed": GOOD, "many": [{"must": None}]}, ["many"]),
    ],
)
def test_only_the_part_that_does_not_fit_is_left_out(message: object, dropped: list[str]) -> None:
    shape, unreadable = read(message)
    assert unreadable == dropped
    assert shape.needed.must == "x"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"needed": {"must": 5}, "spare": 7}, "`str`, got `int` - at `$.needed.must`"),
        ({"needed": {}}, "missing required field `must` - at `$.needed`"),
        ({}, "missing required field `needed`"),
        ([], "got `array`"),
    ],
)
def test_what_is_needed_is_an_error_with_the_words_of_its_cause(message: object, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        read(message)
    assert words in str(caught.value)


def test_what_was_printed_by_a_debugger_is_no_recording() -> None:
    with pytest.raises(UnfitError) as caught:
        read({"needed": GOOD, "spare": "[Object]"})
    assert caught.value.reason is Reason.ELIDED


def test_the_work_for_one_message_is_bounded() -> None:
    names = [f"a{number}" for number in range(MOST_DROPPED + 1)]
    wide = msgspec.json.Decoder(msgspec.defstruct("Wide", [(name, int | None, None) for name in names]))
    with pytest.raises(msgspec.ValidationError):
        decode(wide, json.dumps(dict.fromkeys(names, "x")).encode(), [])
    decode(wide, json.dumps(dict.fromkeys(names[1:], "x")).encode(), [])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["must", "may", "x"]), inner),
)


@given(values, values, values)
def test_any_json_in_an_optional_part_leaves_the_rest(spare: object, many: object, may: object) -> None:
    shape, unreadable = read({"spare": spare, "needed": {"may": may, "must": "x"}, "many": many})
    assert shape.needed.must == "x"
    assert ("spare" in unreadable) <= (shape.spare is None)


def test_a_value_that_cannot_be_read_is_named() -> None:
    unreadable: list[str] = []
    assert optional(unreadable, whole_of, Raw(b"7"), "quantity") == 7
    assert optional(unreadable, whole_of, Raw(b"null"), "quantity") is None
    assert optional(unreadable, whole_of, Raw(b'"many"'), "quantity") is None
    assert unreadable == ["quantity"]
