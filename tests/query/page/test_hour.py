from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.query.page.hours import loaded, not_loaded
from tidemark.core.hour import Hour
from tidemark.query.page.hour import details_of

HOUR = Hour.parse("2026-11-22T15")


def gap(collector: str, start: float, end: float, **changes: Any) -> dict[str, Any]:
    """Return a row of `gaps.sql`, from and to in minutes."""
    at = [HOUR.start + timedelta(minutes=minutes) for minutes in (start, end)]
    return {"hour": HOUR.start, "collector": collector, "from_at": at[0], "to_at": at[1], "reason": "connection_lost",
            "topics": 1, "topic": "collection:*", "repaired_by": None, "recovered": None, "is_repaired": False,
            **changes}  # fmt: skip


def test_collectors_stand_side_by_side_with_their_gaps() -> None:
    gaps = [
        gap("a", 10, 20),
        gap("a", 15, 25, reason="a_new_word", topics=3, repaired_by="events-api-1", is_repaired=True, recovered=4),
        gap("c", 0, 60, repaired_by="events-api-1"),
        gap("b", 0, 60) | {"hour": HOUR.end},
    ]
    (detail,) = details_of([loaded("2026-11-22T15")], gaps, [])
    assert [(lane.collector, lane.covered, len(lane.gaps)) for lane in detail.lanes] == [
        ("a", "75.00 %", 2), ("b", "100.00 %", 0), ("c", "0.00 %", 1)
    ]  # fmt: skip
    first, second = detail.lanes[0].gaps
    assert (first.start, first.length, first.times, first.lasts) == (600, 600, "15:10:00 to 15:20:00", "10 min")
    assert (first.reason, first.sentence) == ("connection lost", "The connection broke off.")
    assert (first.topics, first.filled) == ("collection:*", "not repaired")
    assert (second.topics, second.filled) == ("3 topics", "repaired, 4 sales recovered")
    assert "does not know the reason" in second.sentence
    assert detail.lanes[2].gaps[0].filled == "partly repaired"


def test_what_is_not_known_of_an_hour_is_said_to_be_unknown() -> None:
    (detail,) = details_of([loaded("2026-11-22T15", missed_estimate=None)], [], [])
    assert detail.counts["Missed by all, estimated at least"] == "unknown"
    assert detail.counts["Stream loss, measured"] == "unknown"
    assert detail.counts["Audited"] == "not audited"
    shares = {"audited_share": "0.5", "loss": "0.025", "loss_low": "0.001", "loss_high": "0.13"}
    measured = {name: Decimal(share) for name, share in shares.items()} | {"api_sales": 40}
    (detail,) = details_of([loaded("2026-11-22T15", seen_by={"a": 1, "a+b": 2}, **measured)], [], [])
    assert detail.counts["Stream loss, measured"] == "2.500 % (0.100 % to 13.000 %)"
    assert (detail.counts["Audited"], detail.counts["… seen by a and b"]) == ("50 %", "2")
    assert detail.counts["Missed by all, estimated at least"] == "0 (0 to 1)"


def test_an_hour_that_was_not_loaded_has_nothing_to_count() -> None:
    (detail,) = details_of([not_loaded("2026-11-22T15")], [], [])
    assert (detail.lanes, detail.counts, detail.loads) == ([], {}, [])
