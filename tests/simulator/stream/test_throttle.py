from tidemark.simulator.stream.throttle import Throttle


def test_the_room_grows_with_time_up_to_a_second_s_worth() -> None:
    throttle = Throttle(100, now=10.0)
    assert throttle.room(10.0) == 0
    assert throttle.room(10.5) == 50
    assert throttle.room(99.0) == 100


def test_a_large_frame_leaves_a_debt() -> None:
    throttle = Throttle(100, now=0.0)
    throttle.room(1.0)
    throttle.spend(250)
    assert throttle.room(2.0) == -50
    assert throttle.room(3.0) == 50
