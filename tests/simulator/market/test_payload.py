from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.simulator.market.test_order import COLLECTION, LISTING, OFFER
from tidemark.simulator.market.chains import ZERO_ADDRESS
from tidemark.simulator.market.market_event import Changed, Moved, Placed, Redrawn, Sold
from tidemark.simulator.market.payload import event_type_of, payload_of
from tidemark.simulator.market.wire_version import WireVersion

AT = datetime(2026, 11, 22, 15, 0, 5, tzinfo=UTC)
OLD, MODERN = WireVersion.OLD, WireVersion.MODERN
SOLD = Sold(LISTING, "7", 1, LISTING.price, "0x" + "d" * 40, "0x9", AT, AT)


def test_a_sale() -> None:
    payload = payload_of(SOLD, MODERN)
    assert event_type_of(SOLD) == "item_sold"
    assert payload["maker"] == {"address": LISTING.maker}
    assert payload["taker"] == {"address": SOLD.taker}
    assert payload["sale_price"] == "1000000000000000001"
    assert payload["protocol_data"] == LISTING.protocol_data
    assert (payload["is_private"], payload["listing_type"], payload["quantity"]) == (False, None, 1)


def test_a_sale_sent_again_keeps_its_transaction_and_gets_another_rate() -> None:
    first, again = (payload_of(replace(SOLD, event_at=AT + timedelta(hours=hours)), MODERN) for hours in (0, 50))
    assert (again["closing_date"], again["transaction"]) == (first["closing_date"], first["transaction"])
    assert again["event_timestamp"] != first["event_timestamp"]
    assert again["payment_token"]["usd_price"] != first["payment_token"]["usd_price"]


def test_a_sale_made_elsewhere_has_no_order() -> None:
    payload = payload_of(replace(SOLD, elsewhere=True), MODERN)
    assert (payload["order_hash"], payload["protocol_data"], payload["protocol_address"]) == ("", None, None)


def test_some_old_sales_are_as_plain_as_in_the_first_year() -> None:
    plain = payload_of(replace(SOLD, order=replace(LISTING, order_hash="0x" + "0" * 64)), OLD)
    full = payload_of(replace(SOLD, order=replace(LISTING, order_hash="0x" + "f" * 64)), OLD)
    assert full.keys() - plain.keys() == {"chain", "listing_type", "protocol_address", "protocol_data", "quantity"}


def test_orders() -> None:
    listed, bid = payload_of(Placed(LISTING, AT), MODERN), payload_of(Placed(OFFER, AT), MODERN)
    assert listed["listing_date"] == bid["created_date"] == "2026-11-22T15:00:00.000000Z"
    assert (listed["taker"], bid["taker"]) == (None, None)
    private = payload_of(Placed(replace(LISTING, private_to="0xd"), AT), MODERN)
    assert (private["is_private"], private["taker"]) == (True, {"address": "0xd"})


def test_some_modern_bids_name_no_token() -> None:
    bid = replace(OFFER, order_hash="0x" + "0" * 64)
    assert payload_of(Placed(bid, AT), MODERN)["item"] == {
        "chain": {"name": "ethereum"},
        "nft_id": f"ethereum/{COLLECTION.contract}",
    }
    assert payload_of(Placed(bid, AT), OLD)["item"]["nft_id"].endswith("/7")


def test_offers_name_what_they_are_for() -> None:
    on_trait = payload_of(Placed(replace(OFFER, token_id=None, trait=("Coat", "Captain")), AT), MODERN)
    assert on_trait["item"] == {}
    assert on_trait["collection_criteria"] == {"slug": COLLECTION.slug}
    assert on_trait["trait_criteria"] == {"trait_name": "Captain", "trait_type": "Coat"}
    assert "trait_criteria" not in payload_of(Placed(replace(OFFER, token_id=None), AT), MODERN)


def test_a_cancel_and_an_invalidation() -> None:
    cancelled, invalidated = (Changed(kind, LISTING, AT, 2) for kind in ("item_cancelled", "order_invalidate"))
    assert (event_type_of(cancelled), event_type_of(invalidated)) == ("item_cancelled", "order_invalidate")
    assert payload_of(cancelled, MODERN)["transaction"] is None
    assert payload_of(invalidated, MODERN)["chain"] == "ethereum"
    assert payload_of(invalidated, OLD)["chain"] == {"name": "ethereum"}
    assert payload_of(replace(cancelled, order=replace(OFFER, token_id=None)), MODERN)["item"] is None


def test_a_mint_and_a_metadata_update() -> None:
    moved = Moved(COLLECTION, "7", 1, ZERO_ADDRESS, "0xd", "0x9", AT)
    payload = payload_of(moved, MODERN)
    assert (event_type_of(moved), payload["from_account"]) == ("item_transferred", {"address": ZERO_ADDRESS})
    redrawn = payload_of(Redrawn(COLLECTION, "7", AT), MODERN)
    assert redrawn.keys() == {"collection", "item"}
    assert redrawn["item"]["traits"][0].keys() == {"trait_type", "value"}
