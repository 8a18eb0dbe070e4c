from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.oracle import ALL, Loss, balance, runs
from tidemark.archive.manifest import Gap, Interval
from tidemark.core.timestamps import format_timestamp
from tidemark.simulator.ledger import Published

START = datetime(2026, 11, 22, 15, tzinfo=UTC)
SEALS = "collection:seals"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def published(*numbers: int, collection: str = "seals") -> list[Published]:
    return [Published(format_timestamp(at(number)), "item_sold", collection, str(number)) for number in numbers]


def test_every_message_is_kept_in_a_gap_claimed_or_unexplained() -> None:
    covered = [Interval(ALL, at(0), at(10)), Interval(SEALS, at(0), at(99))]
    found = balance(ALL, published(*range(30)), {"1", "2"}, covered, [Gap(ALL, at(10), at(20), "closed")])
    assert (found.published, found.kept, found.in_gaps) == (30, 2, 10)
    assert [loss.digest for loss in found.claimed] == ["0", *map(str, range(3, 10))]
    assert [loss.digest for loss in found.unexplained] == list(map(str, range(20, 30)))
    assert not found.good


def test_a_topic_is_sent_its_own_collection_only() -> None:
    messages = published(1, 2) + published(3, collection="gulls")
    found = balance(SEALS, messages, {"1", "2"}, [Interval(SEALS, at(0), at(9))], [])
    assert (found.published, found.kept, found.good) == (2, 2, True)


def test_slack_is_what_a_gap_holds_beyond_its_losses() -> None:
    gaps = [Gap(ALL, at(0), at(5), "closed"), Gap(ALL, at(5), at(10), "connecting"), Gap(ALL, at(20), at(21), "closed")]
    found = balance(ALL, published(0, 3, 7, 30), {"0", "30"}, [], gaps)
    assert found.slack == pytest.approx((6.0, 1.0))
    assert found.lengths == pytest.approx((10.0, 1.0))
    assert found.tightness == "3.50 / 6.00   5.50 / 10.00"


def test_losses_are_grouped_into_runs() -> None:
    assert runs([Loss(5.0, "c"), Loss(1.0, "a"), Loss(1.5, "b")]) == [(1.0, 1.5, 2), (5.0, 5.0, 1)]
