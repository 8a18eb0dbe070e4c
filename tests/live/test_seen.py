from hypothesis import given
from hypothesis import strategies as st

from tests.live.events import listing_line, received_again
from tidemark.archive.record import unparsed_line
from tidemark.live.seen import Seen

LINES = [listing_line(number) for number in range(9)]


def test_a_message_is_new_once_whatever_its_topic_and_time() -> None:
    seen = Seen()
    first = [LINES[0], received_again(LINES[0]), LINES[1], received_again(LINES[0], 'collection:"message":')]
    assert list(seen.new(first, 0.0)) == LINES[:2]
    assert list(seen.new([received_again(LINES[1]), LINES[2]], 299.0)) == [LINES[2]]


def test_a_message_is_forgotten_after_some_minutes() -> None:
    seen = Seen()
    assert list(seen.new(LINES[:1], 0.0)) == LINES[:1]
    assert list(seen.new(LINES[:2], 299.0)) == [LINES[1]]
    assert list(seen.new(LINES[:2], 300.0)) == [LINES[0]]


def test_of_too_many_messages_the_oldest_are_forgotten() -> None:
    seen = Seen(most=3)
    assert list(seen.new(LINES[:3], 0.0)) == LINES[:3]
    assert list(seen.new([LINES[0], LINES[3], LINES[0], LINES[3]], 1.0)) == [LINES[3], LINES[0]]


def test_what_holds_no_message_is_always_new() -> None:
    lines = [unparsed_line("2026-11-22T15:04:05.123456Z", b"\xff"), b"nonsense\n"] * 2
    assert list(Seen().new(lines, 0.0)) == lines


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 200))), st.integers(1, 9))
def test_it_yields_every_message_and_keeps_no_more_than_it_may(steps: list[tuple[int, float]], most: int) -> None:
    seen, now, last = Seen(most=most), 0.0, dict[int, float]()
    for number, pause in steps:
        now += pause
        new = list(seen.new([LINES[number]], now))
        if number not in last or now - last[number] >= 300:
            assert new == [LINES[number]]
        if new:
            last[number] = now
        assert len(seen._since) <= most
