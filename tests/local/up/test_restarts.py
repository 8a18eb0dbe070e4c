from tidemark.local.up.restarts import Restart, is_due, restarted


def test_a_part_that_ended_is_started_again_at_once() -> None:
    assert is_due(None, 100.0)
    assert restarted(None, 100.0) == Restart(1, 100.0)


def test_a_part_that_keeps_ending_is_started_later_each_time() -> None:
    last, delays = restarted(None, 0.0), []
    for _ in range(8):
        due = next(now / 10 for now in range(int(last.at * 10), 10_000) if is_due(last, now / 10))
        delays.append(due - last.at)
        last = restarted(last, due)
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60]
    assert last.count == 9


def test_a_part_that_ran_for_a_while_is_started_at_once_again() -> None:
    assert is_due(Restart(5, 0.0, 60.0), 121.0)
    assert restarted(Restart(5, 0.0, 60.0), 121.0) == Restart(6, 121.0, 0.0)
