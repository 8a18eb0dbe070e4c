from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tidemark.simulator.market.actors import Actors
from tidemark.simulator.market.chains import ETHEREUM, SOLANA, ZERO_ADDRESS
from tidemark.simulator.market.order import FEE_RECIPIENT, Order, mixed_case

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
COLLECTION = replace(Actors(Random(1)).collections[0], royalty_bps=500, royalty_recipient="0x" + "b" * 40)
LISTING = Order(
    listing=True,
    order_hash="0x" + "1" * 64,
    maker="0x" + "a" * 40,
    collection=COLLECTION,
    token_id="7",
    quantity=1,
    price=1_000_000_000_000_000_001,
    token=ETHEREUM.native,
    created_at=NOW,
    expires_at=NOW + timedelta(days=1),
)
OFFER = replace(LISTING, listing=False, token=ETHEREUM.wrapped)


def parameters(order: Order) -> dict[str, Any]:
    assert order.protocol_data is not None
    found: dict[str, Any] = order.protocol_data["parameters"]
    return found


def test_a_listing_offers_the_item_and_its_price_goes_to_seller_market_and_creator() -> None:
    (offered,) = parameters(LISTING)["offer"]
    assert (offered["itemType"], offered["identifierOrCriteria"], offered["startAmount"]) == (2, "7", "1")
    paid = {part["recipient"].lower(): int(part["startAmount"]) for part in parameters(LISTING)["consideration"]}
    assert paid == {
        LISTING.maker: 940_000_000_000_000_001,
        FEE_RECIPIENT: 10_000_000_000_000_000,
        COLLECTION.royalty_recipient: 50_000_000_000_000_000,
    }
    assert sum(paid.values()) == LISTING.price
    assert {part["token"] for part in parameters(LISTING)["consideration"]} == {ZERO_ADDRESS}


def test_an_offer_offers_the_price_and_wants_the_item_and_the_fees_paid_from_it() -> None:
    (offered,) = parameters(OFFER)["offer"]
    assert (offered["itemType"], offered["startAmount"]) == (1, str(OFFER.price))
    item, *fees = parameters(OFFER)["consideration"]
    assert (item["itemType"], item["recipient"].lower()) == (2, OFFER.maker)
    assert [int(fee["startAmount"]) for fee in fees] == [10_000_000_000_000_000, 50_000_000_000_000_000]


def test_kinds_and_criteria() -> None:
    on_collection, on_trait = replace(OFFER, token_id=None), replace(OFFER, token_id=None, trait=("Coat", "Captain"))
    kinds = [order.kind for order in (LISTING, OFFER, on_collection, on_trait)]
    assert kinds == ["item_listed", "item_received_bid", "collection_offer", "trait_offer"]
    assert parameters(on_collection)["consideration"][0]["itemType"] == 4
    editions = replace(on_trait, collection=replace(COLLECTION, editions=True))
    assert parameters(editions)["consideration"][0]["itemType"] == 5


def test_a_chain_without_seaport_has_no_protocol_data() -> None:
    assert replace(LISTING, collection=replace(COLLECTION, chain=SOLANA)).protocol_data is None


def test_mixed_case_is_the_same_address() -> None:
    address = "0x" + "ab" * 20
    assert mixed_case(address) != address
    assert mixed_case(address).lower() == address
