import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.live.events import listing_line, sale, sale_line
from tests.loader.transform.messages import line_of, sample, samples
from tidemark.archive.record import unparsed_line
from tidemark.live.market import Filter, chosen, event_of, json_of, price_of
from tidemark.live.market import line_of as printed


def test_a_sale_is_read_as_the_loader_reads_it() -> None:
    event = event_of(sale_line(1_500_000_000_000_000_000, "0xTX", "Cat #7"))
    assert event is not None
    assert (event.type, event.nft, event.price, event.price_eth) == (
        "item_sold",
        "Cat #7",
        Decimal("1.5"),
        Decimal("1.5"),
    )
    assert event.transaction == "0xtx"


def test_other_events_have_what_their_message_says() -> None:
    bid, cancelled = (event_of(line) for line in samples("array-frames.2026.trimmed.jsonl")[:2])
    assert bid is not None
    assert cancelled is not None
    assert (bid.type, bid.collection, bid.chain, price_of(bid)) == (
        "item_received_bid",
        "argonauts",
        "ethereum",
        "0.88 WETH",
    )
    assert bid.price_eth == Decimal("0.88")
    listed = event_of(sample("item_listed.2022.docs-example-cut.json"))
    assert listed is not None
    assert (listed.collection, listed.nft, price_of(listed)) == ("boredfrens", "Devil Frens #18682", "0.005 ETH")


def test_what_is_no_record_is_none_and_a_strange_message_is_nearly_empty() -> None:
    assert event_of(b"nonsense\n") is None
    event = event_of(line_of({"event_type": "item_listed", "payload": {"base_price": -1, "collection": [], "item": 7}}))
    assert event is not None
    assert (event.type, event.collection, event.price) == ("item_listed", "", None)
    garbage = event_of(unparsed_line("2026-11-22T15:04:05.123456Z", b"\xff"))
    assert garbage is not None
    assert garbage.type == "unparsed"


@pytest.mark.parametrize("decimals", [None, True, -1, 37, 10**9, "18", 1.5])
def test_an_amount_with_strange_decimals_is_unknown(decimals: object) -> None:
    payload = {"base_price": "5", "payment_token": {"decimals": decimals, "symbol": "ETH"}}
    event = event_of(line_of({"event_type": "item_listed", "payload": payload}))
    assert event is not None
    assert event.price is None


def test_a_filter_takes_collections_types_and_a_least_price() -> None:
    assert Filter().takes(sale())
    assert Filter(frozenset({"cats"}), frozenset({"item_sold"}), Decimal(1)).takes(sale("1"))
    assert not Filter(least_eth=Decimal("1.1")).takes(sale("1"))
    assert not Filter(least_eth=Decimal(0)).takes(sale(None))
    assert not Filter(collections=frozenset({"dogs"})).takes(sale())
    assert not Filter(types=frozenset({"item_listed"})).takes(sale())
    assert len(list(chosen([listing_line(1), sale_line(), b"x"], Filter(types=frozenset({"item_sold"}))))) == 1


@pytest.mark.parametrize("width", [80, 100, 120, 40, 300])
@pytest.mark.parametrize(
    "name", ["A name that is far too long for a terminal, of #12345", "名前" * 60 + " #12345", "Cat"]
)
def test_an_event_is_one_line_that_fits_the_terminal_and_keeps_the_number(width: int, name: str) -> None:
    sold = replace(sale("1234.1234"), nft=name, collection="lighthouse-keepers-of-the-outer-hebrides")
    line = printed(sold, width)
    assert line.startswith("15:04:05  item_sold            lighthouse")
    assert "  1,234.1234 ETH  " in line
    assert line.endswith(name[-6:])
    assert cell_len(line) <= max(width, 80)


@pytest.mark.parametrize(
    ("price", "token", "shown"),
    [
        ("12345.6789", "USDC", "12,345.68 USDC"), ("1234567.8901", "USDC", "1,234,568 USDC"),
        ("123456789", "USDC", "123456789 USDC"), ("1234567890", "USDC", "1.235e+9 USDC"),
        ("1" * 40, "ETH", "1.111e+39 ETH"),
        ("0.000012345", "WETHWETHWETH", "1.2e-5 WETHWE…"), ("0", "ETH", "0 ETH"),
        ("2.5", "名前名前名前", "2.5 名前名…"),
    ],
)  # fmt: skip
def test_a_long_price_loses_digits_and_not_the_columns_behind_it(price: str, token: str, shown: str) -> None:
    line = printed(replace(sale(price), token=token, nft="Cat #1"))
    assert shown in line
    assert line[: line.index("Cat #1")].endswith("  ")
    assert cell_len(line[: line.index("Cat #1")]) == cell_len(printed(sale("1")).partition("Cat #1")[0])


@given(st.decimals(min_value=0, max_value=10**78, allow_nan=False), st.integers(0, 36), st.text(max_size=12))
def test_any_price_keeps_a_line_within_80_cells(price: Decimal, places: int, token: str) -> None:
    line = printed(replace(sale("1"), price=price.scaleb(-places), token=token, nft="Cat #1"))
    assert cell_len(line) <= 80


def test_a_tiny_price_has_no_useless_zeros() -> None:
    assert [price_of(sale(price)) for price in ("0.0000015", "0.00000000000012", "100", "0.5000")] == [
        "0.0000015 ETH", "1.2e-13 ETH", "100 ETH", "0.5 ETH",
    ]  # fmt: skip


def test_json_has_amounts_as_text_and_null_for_what_is_unknown() -> None:
    assert json.loads(json_of(sale("0.1", buyer=""))) == {
        "received_at": "2026-11-22T15:04:05.000000Z", "type": "item_sold", "collection": "cats", "chain": "ethereum",
        "nft": "Cat #1", "price": "0.1", "token": "ETH", "price_eth": "0.1", "price_usd": "200.0", "buyer": None,
        "transaction": "0xt",
    }  # fmt: skip


@given(st.text(), st.text(), st.text())
def test_no_message_reaches_the_terminal_raw(name: str, slug: str, symbol: str) -> None:
    payload = {"item": {"metadata": {"name": name}}, "collection": {"slug": slug}, "base_price": "5",
               "payment_token": {"decimals": 0, "symbol": symbol}}  # fmt: skip
    event = event_of(line_of({"event_type": "item_listed", "payload": payload}))
    if event is None:
        return
    for text in (printed(event), json_of(event)):
        assert "\n" not in text
        assert "\x1b" not in text
        assert "\u202e" not in printed(event)


NESTED = st.recursive(st.none() | st.text() | st.integers(), lambda each: st.dictionaries(st.text(), each))


@given(st.binary() | NESTED.map(lambda payload: line_of({"event_type": "trait_offer", "payload": payload})))
def test_any_line_becomes_an_event_or_none(line: bytes) -> None:
    event = event_of(line)
    assert event is None or len(printed(event)) < 120
