"""How long each topic is uncovered, and why."""

from datetime import UTC, datetime, timedelta

from collector.spool.outage import Outages

START = datetime(2026, 11, 22, 15, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_an_outage_counts_from_its_begin_to_its_end() -> None:
    outages = Outages()
    outages.begin("a", at(0), "connecting")
    assert outages.seconds(at(5)) == {"connecting": 5}
    assert outages.reasons == {"a": "connecting"}
    outages.end("a", at(7))
    assert outages.seconds(at(60)) == {"connecting": 7}
    assert outages.reasons == {}


def test_another_reason_divides_an_outage() -> None:
    outages = Outages()
    outages.begin("a", at(0), "connection_lost")
    outages.begin("a", at(10), "server_error")
    outages.begin("b", at(10), "server_error")
    assert outages.seconds(at(15)) == {"connection_lost": 10, "server_error": 10}
    assert outages.count == {"connection_lost": 1, "server_error": 2}


def test_what_never_began_never_ends() -> None:
    outages = Outages()
    outages.end("a", at(5))
    outages.add("disk_full", at(0), at(3))
    outages.add("disk_full", at(3), at(0))
    assert outages.seconds(at(9)) == {"disk_full": 3}
