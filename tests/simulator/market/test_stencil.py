import json
from datetime import UTC, datetime, timedelta

from tidemark.simulator.market.market import Market
from tidemark.simulator.market.stencil import Stencil

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MOVING = {"sent_at", "event_timestamp", "order_hash"}


def rest(envelope: dict[str, object]) -> dict[str, object]:
    """Return an envelope and its payload as one, without what a stencil fills in."""
    payload = envelope.pop("payload")
    assert isinstance(payload, dict)
    return {name: value for name, value in (envelope | payload).items() if name not in MOVING}


def test_a_stencil_changes_times_and_the_order_s_hash_and_nothing_else() -> None:
    for old_share in (0.0, 1.0):
        market = Market(1, sales_share=0.0, old_share=old_share)
        for _ in range(200):
            message = market.next(NOW)
            filled = Stencil(message).fill(LATER, b"0x77")
            before, after = json.loads(message.body), json.loads(filled.body)
            assert (filled.event_type, filled.slug) == (message.event_type, message.slug)
            assert after["sent_at"] == before["sent_at"].replace("T15", "T16")
            if "order_hash" in before["payload"]:
                assert after["payload"]["order_hash"] == "0x77"
                assert after["payload"]["event_timestamp"] == after["sent_at"]
            assert rest(after) == rest(before)
