import json
from datetime import UTC, datetime, timedelta

import pytest

from tidemark.simulator.market.chains import ETHEREUM, MATIC
from tidemark.simulator.market.market import Market
from tidemark.simulator.market.wire_version import Template, WireVersion

AT = datetime(2026, 9, 9, 10, 18, 39, 860000, tzinfo=UTC)
OLD, MODERN = WireVersion.OLD, WireVersion.MODERN


def test_times() -> None:
    assert MODERN.timestamp(AT) == "2026-09-09T10:18:39.860000Z"
    assert OLD.timestamp(AT) == "2026-09-09T10:18:39.860000+00:00"


def test_envelopes_have_the_keys_of_real_ones_in_their_order() -> None:
    modern = MODERN.envelope("item_sold", 7, AT, {"x": 1})
    assert list(modern.items()) == [
        ("event_type", "item_sold"),
        ("version", 7),
        ("sent_at", "2026-09-09T10:18:39.860000Z"),
        ("payload", {"x": 1}),
    ]
    assert list(OLD.envelope("item_sold", 7, AT, {})) == ["event_type", "payload", "sent_at"]


def test_transactions() -> None:
    assert MODERN.transaction("0x1", AT) == {"hash": "0x1", "timestamp": "1788949119"}
    assert OLD.transaction("0x1", AT) == {"hash": "0x1", "timestamp": "2026-09-09T10:18:39.860000+00:00"}


def test_the_old_server_gives_the_rates_of_one_unit_in_eighteen_decimals() -> None:
    payment = OLD.payment(ETHEREUM.wrapped, AT, total=2 * 10**18)
    assert (payment["name"], payment["eth_price"]) == ("Wrapped Ether", "1.000000000000000000")
    assert payment["usd_price"] == OLD.payment(ETHEREUM.wrapped, AT)["usd_price"]


def test_the_modern_server_gives_an_order_s_total_value() -> None:
    total, unit = MODERN.payment(ETHEREUM.wrapped, AT, total=2 * 10**18), MODERN.payment(ETHEREUM.wrapped, AT)
    assert float(total["usd_price"]) == pytest.approx(2 * float(unit["usd_price"]))
    assert (float(total["eth_price"]), unit["eth_price"]) == (2.0, "1")


def test_wrapped_ether_on_polygon_is_called_ether() -> None:
    payment = MODERN.payment(MATIC.wrapped, AT)
    assert (payment["symbol"], payment["address"]) == ("ETH", "0x7ceb23fd6bc0add59e62ac25578270cff1b9f619")


NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MOVING = {"sent_at", "event_timestamp", "order_hash"}


def rest(envelope: dict[str, object]) -> dict[str, object]:
    """Return an envelope and its payload as one, without what a template fills in."""
    payload = envelope.pop("payload")
    assert isinstance(payload, dict)
    return {name: value for name, value in (envelope | payload).items() if name not in MOVING}


def test_a_template_changes_times_and_the_order_s_hash_and_nothing_else() -> None:
    for old_share in (0.0, 1.0):
        market = Market(1, sales_share=0.0, old_share=old_share)
        for _ in range(200):
            message = market.next(NOW)
            filled = Template(message).fill(LATER, b"0x77")
            before, after = json.loads(message.body), json.loads(filled.body)
            assert (filled.event_type, filled.slug) == (message.event_type, message.slug)
            assert after["sent_at"] == before["sent_at"].replace("T15", "T16")
            if "order_hash" in before["payload"]:
                assert after["payload"]["order_hash"] == "0x77"
                assert after["payload"]["event_timestamp"] == after["sent_at"]
            assert rest(after) == rest(before)
