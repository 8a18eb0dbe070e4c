from tidemark.simulator.events_api.limit import RateLimit


def test_requests_are_counted_for_each_client_by_the_minute() -> None:
    limit = RateLimit(2)
    assert [limit.take("a", now).refused for now in (0.0, 1.0, 2.0, 59.9)] == [False, False, True, True]
    assert not limit.take("b", 2.0).refused
    assert not limit.take("a", 60.0).refused


def test_the_headers_say_what_is_left_and_when_to_come_again() -> None:
    limit = RateLimit(1)
    assert limit.take("a", 0.0).headers(1000) == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1060",
    }
    assert limit.take("a", 20.5).headers(1020) == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1060",
        "Retry-After": "40",
    }
