import msgspec
import pytest

from tidemark.simulator.ledger import Fired, Sent, Sold, read_lines, sold_line
from tidemark.simulator.message import Message, SaleKey

AT = "2026-11-22T15:00:00.000000Z"
KEY = SaleKey("base", "0x1", "0x2", "3", "")


@pytest.mark.parametrize(
    "entry",
    [
        Sent(AT, "collector-a", 1, 1, "item_sold", "0123456789abcdef", KEY),
        Sent(AT, "collector-a", 1, 2, "unparsed", "0123456789abcdef"),
        Sold(AT, "seals", KEY),
        Fired(AT, "collector-a", None, "refuse", {"status": 502, "seconds": None}),
    ],
)
def test_lines_read_back(entry: Sent | Sold | Fired) -> None:
    assert list(read_lines(type(entry), [msgspec.json.encode(entry)])) == [entry]


def test_a_torn_line_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="truncated"):
        list(read_lines(Sold, [b'{"at":"2026']))


def test_a_sale_is_written_down_with_what_was_paid() -> None:
    body = (
        b'{"event_type":"item_sold","payload":{"closing_date":"2026-11-22T14:59:50.000000Z","quantity":3,'
        b'"sale_price":"1399999999999999911","payment_token":{"symbol":"WETH","decimals":18}}}'
    )
    sold = sold_line(Message("item_sold", "seals", body, KEY), AT)
    assert sold == Sold(AT, "seals", KEY, "2026-11-22T14:59:50.000000Z", 3, "1399999999999999911", "WETH")


def test_what_a_recording_cut_is_unknown() -> None:
    assert sold_line(Message("item_sold", None, b'{"payload":{}}', KEY), AT) == Sold(AT, None, KEY)


def test_what_is_no_sale_has_no_line() -> None:
    with pytest.raises(ValueError, match="item_listed"):
        sold_line(Message("item_listed", "seals", b"{}"), AT)
