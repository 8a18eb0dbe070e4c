"""Any line at all has exactly one outcome, and nothing is raised."""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import astuple

from tests.loader.transform.messages import RECEIVED, line_of, listed, sample, sold
from tidemark.archive.event_type import event_type_of
from tidemark.archive.record import read_record, unparsed_line
from tidemark.loader.transform.events_api import TOPIC
from tidemark.loader.transform.outcome import LONGEST_DETAIL, Other, Outcome, Reason, Reject
from tidemark.loader.transform.read import look_at, outcome_of, read_line
from tidemark.loader.transform.sale import Fee, Sale

EXACT = str | int | bool | UUID | datetime | Decimal | Fee | None

numbers = st.integers() | st.integers(2**62, 2**260) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=12) | st.sampled_from(["", "0", "1e5", "1.5", "[Object]", "ethereum/0xabc/1", "0xAB", "\0"])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value, its own included."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, held in inner for place in places(held, (*path, key)))]


def put(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    """The value with another one at a place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


def check(outcome: Outcome) -> None:
    assert isinstance(outcome, Sale | Other | Reject)
    if isinstance(outcome, Sale):
        assert all(isinstance(column, EXACT) for column in astuple(outcome) if not isinstance(column, tuple))
        assert outcome.sold_at.tzinfo is not None
        assert not any("\0" in column for column in astuple(outcome) if isinstance(column, str))
    if isinstance(outcome, Reject):
        assert 0 < len(outcome.detail) <= LONGEST_DETAIL
        assert outcome.detail.isprintable() or "\ufffd" in outcome.detail or not outcome.detail.isascii()


STREAMED, LISTED = sold(), listed()


@given(st.sampled_from(places(STREAMED)), values)
def test_any_value_in_any_field_of_a_sale_gives_a_row_or_a_reject(path: tuple[str | int, ...], value: object) -> None:
    check(read_line(line_of(put(STREAMED, path, value))))


@given(st.sampled_from(places(LISTED)), values)
def test_the_same_holds_for_the_events_api(path: tuple[str | int, ...], value: object) -> None:
    check(read_line(line_of(put(LISTED, path, value), TOPIC)))


@given(values, st.none() | texts)
def test_any_message_at_all_has_an_outcome_counted_as_the_manifest_counts_it(value: object, topic: str | None) -> None:
    line = line_of(value, topic)
    outcome = read_line(line)
    check(outcome)
    counted = "item_sold" if isinstance(outcome, Sale) else outcome.event_type
    assert counted == event_type_of(read_record(line).message)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff\xfe")
@example(b'{"received_at":"2026-11-22T15:04:05Z","topic":null,"message":' + b"[" * 100_000)
@example(b'{"received_at":"0001-01-01T00:00:00+14:00","topic":null,"message":{}}')
@example(b'{"received_at":"2026-11-22T15:04:05Z","topic":null}')
def test_any_bytes_at_all_have_an_outcome(line: bytes) -> None:
    outcome = read_line(line)
    check(outcome)
    assert isinstance(outcome, Reject)
    assert outcome.reason is Reason.NOT_A_RECORD


def test_a_message_nested_without_end_is_refused() -> None:
    nested = json.dumps(sold()).replace('"listing_type": null', '"listing_type": ' + "[" * 5000 + "]" * 5000)
    assert nested.count("[") > 5000
    line = f'{{"received_at":"{RECEIVED}","topic":null,"message":{nested}}}'.encode()
    assert isinstance(read_line(line), Reject)


@pytest.mark.parametrize("text", ["\ud83d", "x\udc00", "\ude00\ud83d"])
def test_half_a_character_is_refused_wherever_it_stands(text: str) -> None:
    named = sold(item={"nft_id": "base/0xabc/1", "metadata": {"name": text}})
    for message in (named, sold(of_tomorrow=text)):
        reject = read_line(line_of(message))
        assert isinstance(reject, Reject)
        assert reject.event_type == "unparsed"


def test_a_frame_that_the_collector_did_not_understand_is_refused_with_its_text() -> None:
    reject = read_line(unparsed_line(RECEIVED, b"<html>502 Bad Gateway</html>"))
    assert isinstance(reject, Reject)
    assert (reject.event_type, reject.reason) == ("unparsed", Reason.UNPARSED)
    assert "502 Bad Gateway" in reject.detail
    assert read_line(unparsed_line(RECEIVED, b"\xff\xfe")) == Reject(
        "unparsed", Reason.UNPARSED, "the collector did not understand the frame: (base64) //4="
    )


@pytest.mark.parametrize(
    ("event_type", "counted"), [("item_burned", "item_burned"), ("No Such Thing", "other"), (5, "other")]
)
def test_an_event_that_nobody_knows_yet_is_counted(event_type: object, counted: str) -> None:
    assert read_line(line_of({"event_type": event_type, "payload": {"x": 1.5}})) == Other(counted)


@pytest.mark.parametrize("written", ["item_sold", "item\\u005fsold"])
def test_a_name_may_be_written_with_escapes(written: str) -> None:
    line = line_of(sold()).replace(b'"item_sold"', f'"{written}"'.encode())
    assert isinstance(read_line(line), Sale)
    assert event_type_of(read_record(line).message) == "item_sold"


def test_two_event_types_in_one_message_are_refused() -> None:
    line = line_of(sold()).replace(b'"event_type":', b'"event_type": "item_listed", "event_type":')
    outcome = read_line(line)
    assert isinstance(outcome, Reject)
    assert outcome.event_type == event_type_of(read_record(line).message)


def test_the_time_of_receipt_is_that_of_the_record() -> None:
    reject = read_line(line_of(sold()).replace(RECEIVED.encode(), b"the day before"))
    assert isinstance(reject, Reject)
    assert (reject.event_type, reject.reason) == ("unparsed", Reason.NOT_A_RECORD)


def test_a_detail_is_short_and_has_no_control_characters() -> None:
    reject = read_line(line_of(sold(quantity="\x1b[31m" + "x" * 1000)))
    assert isinstance(reject, Reject)
    assert len(reject.detail) <= LONGEST_DETAIL
    assert reject.detail.isprintable()


lines = st.sampled_from(
    [
        sample("item_sold.2022.docs-example.json"),
        sample("item_sold.2023.object-frame.json"),
        sample("trait_offer.2023.object-frame.json"),
        sample("order_invalidate.2023.payload-only.json"),
        line_of(listed(), TOPIC),
        line_of({"event_type": "item_burned"}),
        b"not a record\n",
        b"\n",
        b"  \n",
    ]
)


spoilt = st.binary(min_size=1, max_size=4) | st.sampled_from(
    [b'"', b"\\ud83d", b"\\x", b"\xed\xa0\x80", b"\0", b"1e999"]
)


@given(line=lines, place=st.integers(0, 3000), left_out=st.integers(0, 3), put_in=spoilt)
@example(line=line_of(sold()), place=line_of(sold()).index(b"Punk"), left_out=4, put_in=b"\xff")
def test_bytes_that_are_spoilt_anywhere_are_no_error(line: bytes, place: int, left_out: int, put_in: bytes) -> None:
    place %= len(line)
    check(read_line(line[:place] + put_in + line[place + left_out :]))


def test_a_name_that_is_not_utf8_is_shown_as_far_as_it_is() -> None:
    sale = read_line(line_of(sold()).replace(b'"StamPunk', b'"Stam\xffunk'))
    assert isinstance(sale, Sale)
    assert sale.nft_name == "Stam\ufffdunk #7401"


@given(st.lists(lines, max_size=8))
def test_many_lines_together_are_what_each_is_alone(block: list[bytes]) -> None:
    alone = [read_line(line) for line in block]
    others, found = look_at([b"".join(block)], len(block))
    assert [(place, outcome_of(seen)) for place, seen in found] == [
        (place, outcome) for place, outcome in enumerate(alone) if not isinstance(outcome, Other)
    ]
    assert others == Counter(outcome.event_type for outcome in alone if isinstance(outcome, Other))
