"""Where stream and spool meet: lines as they came, counted by type."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
import structlog

from collector.recorder import ENOUGH, MOST_TYPES, READING, Recorder
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.repair import Inheritance, inheritance
from collector.spool.spool import Spool
from collector.stream.frame import read_frame
from collector.stream.protocol import ChannelLost, Joined, JoinFailed
from collector.stream.websocket import ConnectError
from collector.timeline import Timeline
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import Alive, Rates, read_ledger
from tidemark.archive.reasons import Reason
from tidemark.archive.record import read_record
from tidemark.core.clock import EPOCH, Clock
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp

ALL = "collection:*"
HOUR = Hour.parse("2026-11-22T15")


@pytest.fixture
def recorder(disk: Disk) -> Recorder:
    timeline = Timeline(Clock(), EPOCH, time.time(), time.monotonic())
    at = timeline.last
    ledger = Ledger(disk, "run")
    ledger.start(at, [ALL], "tidemark", Inheritance())
    return Recorder(Spool(disk, ledger, at), timeline)


def written(disk: Disk) -> list[bytes]:
    return [line for name in disk.names("open") if ".0" in name for line in disk.read(f"open/{name}").splitlines()]


def record(recorder: Recorder, *datas: bytes) -> None:
    recorder.record(1, [read_frame(data) for data in datas], time.monotonic())


async def test_every_frame_becomes_a_line_within_the_reading_time(recorder: Recorder, disk: Disk) -> None:
    payload = b'{ "event_type" : "item_sold","payload":{"n":1.10}}'
    document = b'{"event":"item_listed","payload":{"event_type":"item_listed"}}'
    record(recorder, b'["1",null,"collection:*","item_sold",' + payload + b"]", document, b"nonsense \xff", b"text")
    assert written(disk) == []
    await asyncio.sleep(READING * 3)
    records = [read_record(line) for line in written(disk)]
    assert [record.topic for record in records] == [ALL, None, None, None]
    assert [bytes(record.message) for record in records] == [payload, document, b"", b""]
    assert (records[2].unparsed_base64, records[3].unparsed) == ("bm9uc2Vuc2Ug/w==", "text")
    assert len({record.received_at for record in records}) == 1
    assert recorder.received == {"item_sold": 1, "item_listed": 1, None: 2}
    assert recorder.received_bytes == sum(len(line) + 1 for line in written(disk))


async def test_much_is_written_at_once(recorder: Recorder, disk: Disk) -> None:
    record(recorder, b'["1",null,"collection:*","item_sold",{"x":"' + b"y" * ENOUGH + b'"}]')
    assert len(written(disk)) == 1


async def test_lag_and_age_are_those_of_the_last_message(recorder: Recorder) -> None:
    assert recorder.status()["lag"] is None
    assert 0 < recorder.status()["last_event_age"] < 5, "the recorder's own, before the first message"
    sent_at = recorder.now().isoformat().encode()
    record(recorder, b'["1",null,"collection:*","item_sold",{"sent_at":"' + sent_at + b'"}]')
    lag, age = recorder.status()["lag"], recorder.status()["last_event_age"]
    assert lag is not None
    assert 0 <= lag < 5
    assert 0 <= age < 5
    for payload in (b"{}", b'{"sent_at":7}', b'{"sent_at":"soon"}', b"[]"):
        record(recorder, b'["1",null,"collection:*","item_sold",' + payload + b"]")
        assert recorder.status()["lag"] is None
    recorder.flush()


async def test_names_cannot_fill_the_memory(recorder: Recorder) -> None:
    for number in range(3 * MOST_TYPES):
        record(recorder, b'["1",null,"t","type_%d",{}]' % number, b'["1",null,"t","item_sold",{}]')
    assert len(recorder.received) <= MOST_TYPES
    assert recorder.received.total() == 6 * MOST_TYPES
    assert recorder.received["item_sold"] == 3 * MOST_TYPES
    recorder.flush()


async def test_events_are_counted_by_reason(recorder: Recorder) -> None:
    one, two, now = recorder.number(), recorder.number(), time.monotonic()
    assert (one, two) == (1, 2)
    recorder.note(one, Joined(ALL), now)
    recorder.note(one, ChannelLost(ALL, Reason.CHANNEL_ERROR), now)
    recorder.note(one, JoinFailed(ALL, Reason.JOIN_REFUSED), now)
    recorder.lose(one, Reason.CLOSED_BY_SERVER, now)
    recorder.fail(ConnectError(Reason.SERVER_ERROR, Problem("it failed", "Wait", transient=True)), 1.0)
    recorder.fail(ConnectError(Reason.UNREACHABLE, Problem("no name", "Check it", transient=True), "name"), 1.0)
    assert recorder.lost == {"channel_error": 1, "closed_by_server": 1}
    assert recorder.failed == {"join_refused": 1, "server_error": 1, "unreachable": 1}
    assert recorder.connect_failures == {"server_error": 1, "name": 1}


async def test_the_log_tells_the_same_failure_once_a_minute(disk: Disk) -> None:
    hands = Hands()
    timeline = Timeline(Clock(), EPOCH, hands.real(), hands.clock())
    ledger = Ledger(disk, "run")
    ledger.start(timeline.last, [ALL], "tidemark", Inheritance())
    recorder = Recorder(Spool(disk, ledger, timeline.last), timeline, real=hands.real, clock=hands.clock)
    away = ConnectError(Reason.UNREACHABLE, Problem("no name", "Check it", transient=True), "name")
    refused = ConnectError(Reason.KEY_REFUSED, Problem("a bad key", "Change it"))

    with structlog.testing.capture_logs() as logged:
        for failure, seconds in [(away, 9.0)] * 8 + [(refused, 1.0), (away, 1.0)]:
            recorder.fail(failure, 0.25)
            hands.now += seconds
        assert recorder.status()["unconnected"] == "no name (unreachable)"
        recorder.note(1, Joined(ALL), hands.now)
        assert recorder.status()["unconnected"] is None
        recorder.fail(away, 0.25)
    told = [
        (line["log_level"], line["reason"], line["attempts"]) for line in logged if line["event"] == "not connected"
    ]
    first = {"event": "not connected", "problem": "no name", "hint": "Check it", "again_in": 0.25}
    assert first.items() <= logged[0].items()
    assert told == [
        ("warning", "unreachable", 1),
        ("warning", "unreachable", 8),
        ("error", "key_refused", 9),
        ("warning", "unreachable", 10),
        ("warning", "unreachable", 1),
    ]


class Hands:
    """The machine's clocks, turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def real(self) -> float:
        return HOUR.start.timestamp() + self.now

    def clock(self) -> float:
        return self.now


async def test_what_is_claimed_is_in_the_ledger(disk: Disk) -> None:
    hands = Hands()
    timeline = Timeline(Clock(), EPOCH, hands.real(), hands.clock())
    ledger = Ledger(disk, "run")
    ledger.start(timeline.last, [ALL], "tidemark", Inheritance())
    spool = Spool(disk, ledger, timeline.last)
    recorder = Recorder(spool, timeline, real=hands.real, clock=hands.clock)
    recorder.note(1, Joined(ALL), hands.now)

    def flow(seconds: int) -> None:
        for _ in range(seconds * 10):
            hands.now += 0.1
            frame = read_frame(b'["1",null,"collection:*","item_sold",{"sent_at":"%b"}]' % stamp(hands.real() - 0.05))
            recorder.record(1, [frame] * 20, hands.now)
            recorder.tick(hands.now)

    flow(70)
    silent = hands.now
    for _ in range(400):
        hands.now += 0.1
        recorder.tick(hands.now)
    assert ledger.outages.reasons == {ALL: "unproven"}
    flow(1)
    assert ledger.outages.reasons == {}
    recorder.lose(1, Reason.CONNECTION_LOST, hands.now)
    spool.close()
    (name,) = [name for name in disk.names("open") if "coverage" in name]
    entries = read_ledger(disk.read(f"open/{name}"))
    assert [type(entry).__name__ for entry in entries if not isinstance(entry, Alive | Rates)] == [
        "Began", "Started", "Joined", "Lost", "Joined", "Lost",
    ]  # fmt: skip
    gap, _ = coverage_of(entries, HOUR).gaps[1:3]
    assert abs((gap.start - HOUR.start).total_seconds() - (silent - 0.25)) < 0.02
    assert abs((gap.end - HOUR.start).total_seconds() - (silent + 40.1)) < 0.02
    assert inheritance(disk).rates[ALL][0] == pytest.approx(70 * 200, rel=0.2)


def stamp(real: float) -> bytes:
    return format_timestamp(datetime.fromtimestamp(real, UTC)).encode()
