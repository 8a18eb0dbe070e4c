from datetime import UTC, datetime

import pytest

from tidemark.simulator.market.chains import ETHEREUM, MATIC
from tidemark.simulator.market.dialect import Dialect

AT = datetime(2026, 9, 9, 10, 18, 39, 860000, tzinfo=UTC)
OLD, MODERN = Dialect.OLD, Dialect.MODERN


def test_times() -> None:
    assert MODERN.moment(AT) == "2026-09-09T10:18:39.860000Z"
    assert OLD.moment(AT) == "2026-09-09T10:18:39.860000+00:00"


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
