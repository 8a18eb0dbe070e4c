"""Counts per topic and minute: added up over segments, they are those of all lines together."""

from hypothesis import given
from hypothesis import strategies as st

from tidemark.archive.record import record_line
from tidemark.archive.tally import Tally
from tidemark.archive.topic_counts import TopicCounts, add_up

TYPES = [b'{"event_type":"item_sold"}', b'{"event_type":"item_listed"}']
lines = st.builds(
    lambda minute, topic, message: record_line(f"2026-11-20T10:{minute:02}:30.000000Z", topic, message),
    st.integers(0, 59),
    st.sampled_from(["collection:*", "collection:cats", "phoenix", None]),
    st.sampled_from(TYPES),
)


def tallied(part: list[bytes]) -> dict[str, TopicCounts]:
    tally = Tally()
    tally.add(part)
    return tally.topics


@given(st.lists(st.lists(lines, max_size=12), max_size=4))
def test_segments_add_up_to_the_hour(segments: list[list[bytes]]) -> None:
    assert add_up(map(tallied, segments)) == tallied([line for part in segments for line in part])


def test_what_is_not_named_is_other() -> None:
    parts = [{"collection:*": TopicCounts((1,), (2,), (0,)), "collection:cats": TopicCounts((1, 2), (3, 4), (1, 4))}]
    assert add_up(parts, ["collection:*"]) == {
        "collection:*": TopicCounts((1,), (2,), (0,)),
        "other": TopicCounts((1, 2), (3, 4), (1, 4)),
    }
