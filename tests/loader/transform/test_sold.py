"""The shape of a sale takes what servers add, and names what is missing from it."""

import msgspec
import pytest

from tests.loader.transform.messages import sold
from tidemark.loader.transform.sold import ItemSold, OrderItem, Sold

NEEDED = [field.name for field in msgspec.structs.fields(Sold) if field.required]


def test_a_field_that_nobody_knows_yet_is_no_fault() -> None:
    message = sold(of_tomorrow={"x": [1.5]}) | {"also": None}
    assert msgspec.json.decode(msgspec.json.encode(message), type=ItemSold).payload.maker


@pytest.mark.parametrize("name", NEEDED)
def test_what_every_sale_has_is_missed_by_its_name(name: str) -> None:
    payload = sold()["payload"]
    del payload[name]
    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{name}`"):
        msgspec.json.decode(msgspec.json.encode(payload), type=Sold)


def test_every_sale_has_what_identifies_and_prices_it() -> None:
    assert set(NEEDED) == {
        *("item", "collection", "transaction", "maker", "taker"),
        *("sale_price", "payment_token", "event_timestamp"),
    }


def test_the_items_of_an_order_are_spelled_as_seaport_spells_them() -> None:
    text = b'{"itemType":2,"startAmount":"1","endAmount":"1","recipient":"0xA"}'
    item = msgspec.json.decode(text, type=OrderItem)
    assert (bytes(item.item_type), bytes(item.start_amount), bytes(item.end_amount)) == (b"2", b'"1"', b'"1"')
