"""Where stream and spool meet: lines as they came, counted by type."""

import asyncio
import time
from pathlib import Path

import pytest

from collector.recorder import ENOUGH, MOST_TYPES, READING, Recorder
from collector.spool.disk import Disk
from collector.spool.ledger import Ledger
from collector.spool.repair import Inheritance
from collector.spool.spool import Spool
from collector.stream.event import ChannelLost, Joined, JoinFailed
from collector.stream.frame import Frame, read_frame
from collector.timeline import Timeline
from tidemark.archive.record import read_record
from tidemark.core.clock import EPOCH, Clock

ALL = "collection:*"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    disk = Disk(tmp_path)
    disk.prepare()
    return disk


@pytest.fixture
def recorder(disk: Disk) -> Recorder:
    timeline = Timeline(Clock(), EPOCH, time.time(), time.monotonic())
    at = timeline.last
    ledger = Ledger(disk, "run")
    ledger.start(at, [ALL], "tidemark", Inheritance())
    return Recorder(Spool(disk, ledger, at), timeline)


def written(disk: Disk) -> list[bytes]:
    return [line for name in disk.names("open") if ".0" in name for line in disk.read(f"open/{name}").splitlines()]


def frames(*datas: bytes) -> list[Frame]:
    return [read_frame(data) for data in datas]


async def test_every_frame_becomes_a_line_within_the_reading_time(recorder: Recorder, disk: Disk) -> None:
    payload = b'{ "event_type" : "item_sold","payload":{"n":1.10}}'
    document = b'{"event":"item_listed","payload":{"event_type":"item_listed"}}'
    recorder.record(
        frames(b'["1",null,"collection:*","item_sold",' + payload + b"]", document, b"nonsense \xff", b"text")
    )
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
    recorder.record(frames(b'["1",null,"collection:*","item_sold",{"x":"' + b"y" * ENOUGH + b'"}]'))
    assert len(written(disk)) == 1


async def test_lag_and_age_are_those_of_the_last_message(recorder: Recorder) -> None:
    assert (recorder.lag(), recorder.last_event_age()) == (None, None)
    sent_at = recorder.now().isoformat().encode()
    recorder.record(frames(b'["1",null,"collection:*","item_sold",{"sent_at":"' + sent_at + b'"}]'))
    lag, age = recorder.lag(), recorder.last_event_age()
    assert lag is not None
    assert age is not None
    assert 0 <= lag < 5
    assert 0 <= age < 5
    for payload in (b"{}", b'{"sent_at":7}', b'{"sent_at":"soon"}', b"[]"):
        recorder.record(frames(b'["1",null,"collection:*","item_sold",' + payload + b"]"))
        assert recorder.lag() is None
    recorder.flush()


async def test_names_cannot_fill_the_memory(recorder: Recorder) -> None:
    for number in range(3 * MOST_TYPES):
        recorder.record(frames(b'["1",null,"t","type_%d",{}]' % number, b'["1",null,"t","item_sold",{}]'))
    assert len(recorder.received) <= MOST_TYPES
    assert recorder.received.total() == 6 * MOST_TYPES
    assert recorder.received["item_sold"] == 3 * MOST_TYPES
    recorder.flush()


async def test_events_are_counted_by_reason(recorder: Recorder) -> None:
    one, two = recorder.number(), recorder.number()
    assert (one, two) == (1, 2)
    recorder.note(one, Joined(ALL))
    recorder.prove(one)
    recorder.note(one, ChannelLost(ALL, "channel_error"))
    recorder.note(one, JoinFailed(ALL, "join_refused"))
    recorder.lose(one, "closed_by_server")
    recorder.fail("server_error")
    assert recorder.lost == {"channel_error": 1, "closed_by_server": 1}
    assert recorder.failed == {"join_refused": 1, "server_error": 1}
