"""Any line at all has exactly one outcome, and nothing is raised."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import astuple

from tests.loader.transform.messages import RECEIVED, line_of, listed, places, put, sale_of, sample, sold, texts, values
from tidemark.archive.event_type import SALE, event_type_of
from tidemark.archive.record import read_record, unparsed_line
from tidemark.archive.tally import Tally
from tidemark.loader.transform.events_api import TOPIC
from tidemark.loader.transform.market import Market
from tidemark.loader.transform.order import Fee
from tidemark.loader.transform.outcome import LONGEST_DETAIL, Other, Reason, Reject
from tidemark.loader.transform.read import Outcome, outcome_of, read_line, scan
from tidemark.loader.transform.sale import Sale

WHOLE = (
    "collection_offer.2022.message.json",
    "item_received_bid.2024.message.json",
    "trait_offer.2023.object-frame.json",
)
START = datetime(2026, 11, 22, 15, tzinfo=UTC)
EXACT = str | int | bool | UUID | datetime | Decimal | Fee | None


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


ENVELOPE = {(), ("event_type",), ("payload",)}
NEEDED = ENVELOPE | {
    ("payload", *path) for path in (("item",), ("item", "nft_id"), ("transaction",), ("transaction", "hash"))
}
NEEDED_OF_LISTED = ENVELOPE | {
    ("payload", *path)
    for path in (
        *(("nft",), ("nft", "identifier"), ("nft", "contract")),
        *(("chain",), ("transaction",), ("event_timestamp",)),
    )
}


def check_spoilt(outcome: Outcome, whole: Outcome, value: object) -> None:
    """A sale with one optional field spoilt is still that sale, unless a debugger has printed the message."""
    check(outcome)
    assert isinstance(whole, Sale)
    if isinstance(outcome, Reject):
        assert (outcome.reason, value) == (Reason.ELIDED, "[Object]")
    else:
        assert isinstance(outcome, Sale)
        assert (outcome.token_id, outcome.transaction_hash) == (whole.token_id, whole.transaction_hash)


@given(st.sampled_from(places(STREAMED)), values)
def test_any_value_in_any_field_of_a_sale_gives_a_row_or_a_reject(path: tuple[str | int, ...], value: object) -> None:
    outcome = read_line(line_of(put(STREAMED, path, value)))
    check(outcome) if path in NEEDED else check_spoilt(outcome, sale_of(STREAMED), value)


@given(st.sampled_from(places(LISTED)), values)
def test_the_same_holds_for_the_events_api(path: tuple[str | int, ...], value: object) -> None:
    outcome = read_line(line_of(put(LISTED, path, value), TOPIC))
    check(outcome) if path in NEEDED_OF_LISTED else check_spoilt(outcome, read_line(line_of(LISTED, TOPIC)), value)


OTHERS = [json.loads(bytes(read_record(line).message)) for line in map(sample, WHOLE)]


@given(st.data())
def test_a_null_anywhere_in_another_event_does_not_quarantine_it(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(OTHERS))
    path = data.draw(st.sampled_from([path for path in places(message) if path and path[-1] != "event_type"]))
    assert read_line(line_of(put(message, path, None))) == Other(message["event_type"])


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


def deeper(calls: int, function: Callable[[], Any]) -> Any:
    """Call a function from that many calls further down."""
    return deeper(calls - 1, function) if calls else function()


@pytest.mark.parametrize("levels", [800, 900, 930, 950, 970, 980, 985, 990, 995, 1000, 1100])
@pytest.mark.parametrize("event_type", ["item_sold", "item_listed", "anything_else"])
def test_however_deep_a_message_is_nested_it_is_counted_alike(levels: int, event_type: str) -> None:
    nested = "[" * levels + "]" * levels
    line = line_of(sold()).replace(b'"item_sold"', f'"{event_type}"'.encode())
    line = line.replace(b'"payload": {', f'"payload": {{"animation_url": {nested}, '.encode(), 1)
    assert nested.encode() in line
    for calls in (0, 60, 200):
        tally = Tally()
        deeper(60 - min(calls, 60), lambda: tally.add([line]))  # noqa: B023 - it is called at once
        (counted,) = tally.event_types
        outcome = deeper(calls, lambda: read_line(line))
        name = SALE if isinstance(outcome, Sale) else outcome.event_type
        assert name == counted


def test_a_message_nested_without_end_is_refused() -> None:
    nested = json.dumps(sold()).replace('"listing_type": null', '"listing_type": ' + "[" * 5000 + "]" * 5000)
    assert nested.count("[") > 5000
    line = f'{{"received_at":"{RECEIVED}","topic":null,"message":{nested}}}'.encode()
    assert isinstance(read_line(line), Reject)


@pytest.mark.parametrize("text", ["\ud83d", "x\udc00", "\ude00\ud83d"])
def test_half_a_character_is_shown_as_the_replacement_character(text: str) -> None:
    shown = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    named = sale_of(sold(item={"nft_id": "base/0xabc/1", "metadata": {"name": text}}))
    assert named.nft_name == shown
    assert sale_of(sold(collection={"slug": text})).collection_slug == shown
    assert sale_of(sold(of_tomorrow=text)) == sale_of(sold())
    assert read_line(line_of({"event_type": "item_burned", "payload": {"name": text}})) == Other("item_burned")


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
def test_an_event_of_an_unknown_type_is_counted(event_type: object, counted: str) -> None:
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
    reject = read_line(line_of(sold(transaction={"hash": "\x1b[31m" + "x" * 1000})))
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
        line_of(listed(), TOPIC).replace(RECEIVED.encode(), b"9999-12-31T23:00:00Z"),
        line_of({"event_type": "item_listed"}).replace(RECEIVED.encode(), b"0001-01-01T00:00:00Z"),
        line_of(sold()).replace(b":05.123456Z", b":05.123456z"),
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
    others, found = scan([b"".join(block)], len(block), Market(START))
    assert [(place, outcome_of(seen)) for place, seen in found] == [
        (place, outcome) for place, outcome in enumerate(alone) if not isinstance(outcome, Other)
    ]
    assert others == Counter(outcome.event_type for outcome in alone if isinstance(outcome, Other))
