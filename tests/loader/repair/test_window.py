"""A gap becomes a question in whole seconds that leaves nothing out, and an answer becomes coverage."""

from datetime import UTC, datetime, timedelta

import pytest

from tidemark.archive.manifest import Interval
from tidemark.core.hour import Hour
from tidemark.loader.repair.window import LATENESS, GapWindow

HOUR = Hour.parse("2026-11-22T15")
# 2026-11-22T15:00:00Z
START = 1795359600


def window(start: float, end: float, topic: str = "collection:*") -> GapWindow:
    return GapWindow(HOUR, topic, HOUR.start + timedelta(seconds=start), HOUR.start + timedelta(seconds=end))


def test_the_question_reaches_over_both_ends() -> None:
    assert int(datetime(2026, 11, 22, 15, tzinfo=UTC).timestamp()) == START
    query = window(600.5, 660.5).query
    # two minutes and a second before the gap, a second after it, each rounded outwards
    assert (query["after"], query["before"]) == (str(START + 600 - 120 - 1), str(START + 661 + 1))
    assert (query["event_type"], query["limit"]) == ("sale", "200")


@pytest.mark.parametrize(
    ("topic", "path"),
    [
        ("collection:*", "/events"),
        ("collection:pudgypenguins", "/events/collection/pudgypenguins"),
        ("collection:../../keys?x=", "/events/collection/..%2F..%2Fkeys%3Fx%3D"),
    ],
)
def test_the_topic_says_where_to_ask(topic: str, path: str) -> None:
    assert window(0, 1, topic).path == path


def test_everything_known_covers_the_whole_window() -> None:
    gap = window(600.5, 660.5)
    assert gap.covered_down_to(None) == Interval(gap.topic, gap.start, gap.end)


def test_sales_known_down_to_a_second_cover_what_was_sent_long_enough_after_it() -> None:
    gap = window(0, 3600)
    assert gap.covered_down_to(START + 1799) == Interval(
        gap.topic, HOUR.start + timedelta(seconds=1800) + LATENESS, gap.end
    )
    assert gap.covered_down_to(START + 3599) is None
    assert gap.covered_down_to(START - 1000) == Interval(gap.topic, gap.start, gap.end)
