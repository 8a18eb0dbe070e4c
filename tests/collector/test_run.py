"""The collector as a whole, against every fault of the stand-in for OpenSea."""

import asyncio
import threading
import time
from datetime import UTC, datetime
from errno import EIO, ENOSPC, EROFS
from pathlib import Path

import pytest
from websockets.asyncio.server import Request, ServerConnection, serve

from tests.collector.recording import Recording
from tests.collector.spool.disks import RefusingDisk
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import Dropped, read_ledger
from tidemark.archive.names import CoverageName, SegmentName
from tidemark.core.clock import Clock
from tidemark.core.hour import Hour
from tidemark.simulator.faults import (
    Binary,
    Close,
    CloseOnOpen,
    CrashChannel,
    Duplicate,
    Fault,
    Garbage,
    Giant,
    HalfOpen,
    IgnoreHeartbeat,
    IgnoreJoin,
    Refuse,
    RefuseJoin,
    Reset,
    Shuffle,
    Silence,
    Slow,
    UnknownEvent,
)
from tidemark.simulator.server import Simulator


@pytest.fixture
def recording(simulator: Simulator, tmp_path: Path) -> Recording:
    return Recording(simulator, tmp_path)


async def test_what_is_sent_is_kept_verbatim(recording: Recording) -> None:
    async with recording.running():
        await recording.joined()
        recording.send(500)
        await recording.received()
    account = recording.balance()
    assert (account.sent, account.kept, account.in_gaps) == (500, 500, 0)
    assert recording.reasons() == set()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Close(code=1000), "closed_by_server"),
        (Close(code=1002), "closed_by_server"),
        (Close(code=1011), "closed_by_server"),
        (Reset(), "connection_lost"),
        (CrashChannel(), "channel_error"),
        (HalfOpen(), "heartbeat_unanswered"),
        (Giant(size=2 * 1024 * 1024), "message_too_big"),
    ],
)
async def test_a_loss_is_a_gap_and_the_next_join_ends_it(
    simulator: Simulator, tmp_path: Path, fault: Fault, reason: str
) -> None:
    recording = Recording(simulator, tmp_path, max_message_mib=1, stall_after=30)
    async with recording.running():
        await recording.joined()
        await recording.flow(0.3)
        await recording.suffer(fault)
        await recording.until(lambda: recording.collector.status().lost)
        await recording.joined()
        await recording.flow(0.3)
        assert recording.collector.status().lost == {reason: 1}
    account = recording.balance()
    assert account.kept >= 100
    assert reason in recording.reasons()


@pytest.mark.parametrize(
    "fault", [Garbage(), Binary(), UnknownEvent(), Giant(size=900_000), Duplicate(times=3), Shuffle()]
)
async def test_strange_messages_are_kept_as_they_are(recording: Recording, fault: Fault) -> None:
    async with recording.running():
        await recording.joined()
        recording.simulator.arm(fault)
        await recording.flow(0.3)
        await recording.received()
    account = recording.balance()
    assert fault.name in recording.fired()
    assert account.kept == account.sent > 50
    assert recording.reasons() == set()


@pytest.mark.parametrize(("status", "reason"), [(401, "key_refused"), (403, "key_refused"), (429, "rate_limited")])
async def test_a_refusal_is_recorded_and_retried_with_pauses(recording: Recording, status: int, reason: str) -> None:
    recording.simulator.arm(Refuse(status=status, times=100))
    async with recording.running():
        await recording.until(lambda: recording.collector.status().failed)
        await asyncio.sleep(1.0)
        found = recording.collector.status()
        assert set(found.failed) == {reason}
        assert found.failed[reason] <= (2 if status == 429 else 1)
        assert not found.ready
        assert reason in found.troubles[0]
    assert recording.reasons() == {reason}


async def test_two_minutes_of_502_end_in_a_join(recording: Recording) -> None:
    recording.simulator.arm(Refuse(status=502, times=5))
    async with recording.running():
        await recording.joined()
        assert recording.collector.status().failed == {"server_error": 5}
        await recording.flow(0.2)
        await recording.received()
    recording.balance()
    assert recording.reasons() == {"server_error"}
    assert recording.fired() == ["refuse"] * 5


async def test_a_server_that_is_not_there_is_waited_for(tmp_path: Path, simulator: Simulator) -> None:
    recording = Recording(simulator, tmp_path, stream_url="ws://127.0.0.1:9/socket/websocket")
    async with recording.running():
        await recording.until(lambda: recording.collector.status().failed.get("unreachable", 0) >= 2)
        found = recording.collector.status()
        assert found.connect_failures == {"port": found.failed["unreachable"]}
        assert found.troubles[0] == "the Stream API at 127.0.0.1: the connection was refused (unreachable)"
    assert recording.reasons() == {"unreachable"}


async def test_a_close_right_after_the_open_is_survived(recording: Recording) -> None:
    recording.simulator.arm(CloseOnOpen(times=4))
    async with recording.running():
        await recording.until(lambda: recording.fired() == ["close_on_open"] * 4)
        await recording.joined()
        await recording.flow(0.2)
        await recording.received()
    account = recording.balance()
    assert account.sent > 0
    assert account.kept + account.in_gaps == account.sent


async def test_a_join_without_answer_is_repeated(recording: Recording) -> None:
    recording.simulator.arm(IgnoreJoin(times=2))
    async with recording.running():
        await recording.joined()
        recording.send(10)
        await recording.received()
    assert recording.fired() == ["ignore_join"] * 2
    assert recording.balance().kept == 10
    assert "join_unanswered" in recording.reasons()


async def test_a_refused_join_is_a_gap_with_its_reason(recording: Recording) -> None:
    recording.simulator.arm(RefuseJoin())
    async with recording.running():
        await recording.until(lambda: recording.collector.status().failed)
        assert recording.collector.status().uncovered == {"collection:*": "join_refused"}
    assert recording.reasons() == {"join_refused"}


async def test_an_unanswered_heartbeat_on_a_quiet_stream_ends_the_socket(recording: Recording) -> None:
    async with recording.running():
        await recording.joined()
        recording.simulator.arm(IgnoreHeartbeat(times=2))
        await recording.until(lambda: recording.collector.status().lost)
        await recording.joined()
    assert "ignore_heartbeat" in recording.fired()
    assert recording.reasons() == {"heartbeat_unanswered"}


async def test_silence_with_the_socket_open_is_found_and_dated_back(recording: Recording) -> None:
    async with recording.running():
        await recording.joined()
        await recording.flow(1.0, 500)
        await recording.suffer(Silence())
        flow = asyncio.create_task(recording.flow(60, 500))  # a connection without messages would stall, too
        await recording.until(lambda: recording.collector.status().lost)
        await recording.joined()
        flow.cancel()
        await recording.received()
        assert recording.collector.status().lost == {"stalled": 1}
    recording.balance()
    silent = [gap for gap in recording.gaps() if gap.reason == "unproven"]
    began = datetime.fromisoformat(recording.simulator.fired[0].at)
    assert abs((silent[0].start - began).total_seconds()) < 0.5
    assert (silent[0].end - silent[0].start).total_seconds() > 0.5


async def test_a_quiet_stream_is_not_restarted(recording: Recording) -> None:
    async with recording.running():
        await recording.joined()
        recording.send(5)
        await asyncio.sleep(2.0)
        assert recording.collector.status().lost == {}
    assert recording.reasons() == set()


async def test_a_slow_server_loses_nothing(recording: Recording) -> None:
    async with recording.running():
        await recording.joined()
        await recording.suffer(Slow(bytes_per_second=20_000, seconds=1.5))
        await recording.flow(1.0)
        await recording.received()
        assert recording.collector.status().lost == {}
    assert recording.balance().in_gaps == 0


async def test_two_connections_lose_nothing_when_one_is_cut(simulator: Simulator, tmp_path: Path) -> None:
    recording = Recording(simulator, tmp_path, connections=2)
    async with recording.running():
        await recording.until(lambda: recording.collector.status().connections == 2)
        await recording.joined()
        await recording.flow(
            0.6
        )  # the last quarter of a second before a cut is not proven, and the joins differ a little
        simulator.hub.sockets[0].connection.ending = Reset()
        await recording.flow(0.5)
        await recording.until(lambda: recording.collector.status().connections == 2)
        await recording.flow(0.3)
    recording.balance()
    assert recording.collector.status().lost["connection_lost"] == 1
    assert recording.reasons() == set()


async def test_a_connection_that_opens_at_the_end_is_closed(simulator: Simulator, tmp_path: Path) -> None:
    dialled, may_open = 0, asyncio.Event()

    async def second_waits(_connection: ServerConnection, _request: Request) -> None:
        nonlocal dialled
        dialled += 1
        if dialled == 2:
            await may_open.wait()

    async def deaf(ws: ServerConnection) -> None:
        ws.transport.pause_reading()  # so that closing the first takes a second
        await ws.wait_closed()

    async with serve(deaf, "127.0.0.1", 0, process_request=second_waits, close_timeout=0.1) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/socket/websocket"
        recording = Recording(simulator, tmp_path, connections=2, stream_url=url)
        async with recording.running():
            await recording.until(lambda: dialled == 2 and recording.collector.status().connections == 1)
            asyncio.get_running_loop().call_later(0.3, may_open.set)
        assert recording.collector.status().connections == 0


async def test_a_planned_renewal_makes_before_it_breaks(simulator: Simulator, tmp_path: Path) -> None:
    recording = Recording(simulator, tmp_path, max_connection_age=1.0)
    async with recording.running():
        await recording.joined()
        await recording.flow(4.0)
        await recording.received()
        assert recording.collector.status().lost["renewed"] >= 2
    assert recording.balance().in_gaps == 0
    assert {gap.reason for gap in recording.gaps()} <= {"not_started", "connecting", "not_running"}
    assert [gap.reason for gap in recording.gaps()].count("connecting") == 1


async def test_a_renewal_that_fails_keeps_what_there_is(simulator: Simulator, tmp_path: Path) -> None:
    recording = Recording(simulator, tmp_path, max_connection_age=0.3)
    async with recording.running():
        await recording.joined()
        simulator.arm(Refuse(status=502, times=2))
        await recording.flow(5.0)  # after the pauses of two refusals
        assert recording.fired() == ["refuse"] * 2
        assert recording.collector.status().lost["renewed"] >= 1
    assert recording.balance().in_gaps == 0
    # where a machine is too slow for so short an age, what an old connection cannot prove of its end is a gap
    assert recording.reasons() <= {"renewed"}


async def test_slugs_change_while_running(simulator: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "collections"
    file.write_text("dogs\ncats # with a remark\n")
    recording = Recording(simulator, tmp_path, collections_file=file)
    async with recording.running():
        await recording.joined()
        assert recording.collector.status().joined == ("collection:cats", "collection:dogs")
        file.write_text("cats\nbirds\n")
        recording.collector.reload()
        await recording.joined()
        assert recording.collector.status().joined == ("collection:birds", "collection:cats")
        file.write_text("no such slug!\n")
        recording.collector.reload()
        assert recording.collector.status().expected == ("collection:cats", "collection:birds")
        assert recording.collector.status().lost == {}
    assert {gap.topic for gap in recording.gaps() if gap.reason == "not_running"} == {
        "collection:birds",
        "collection:cats",
    }


async def test_hours_turn_under_load(simulator: Simulator, tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 11, 22, 15, 50, tzinfo=UTC), time.time(), 3600.0)
    recording = Recording(simulator, tmp_path, clock=str(clock))
    async with recording.running():
        await recording.joined()
        hour = Hour.of(recording.collector.recorder.now()).next()
        await recording.flow(3.5, 2000)
        await recording.received()
    kept = {SegmentName.parse(path.name).hour.key for path in (tmp_path / "spool/sealed").glob("*.0*.jsonl")}
    assert {hour.key, hour.next().key} <= kept
    assert recording.kept() == len(recording.sent_to_us()) > 4000
    whole = coverage_of(read_ledger((tmp_path / "spool/sealed" / str(CoverageName(hour))).read_bytes()), hour)
    assert [(span.start, span.end) for span in whole.covered] == [(hour.start, hour.end)]


@pytest.mark.parametrize(("error", "reason"), [(ENOSPC, "disk_full"), (EIO, "disk_error"), (EROFS, "disk_read_only")])
async def test_a_disk_that_refuses_is_counted_and_the_connection_stays(
    simulator: Simulator, tmp_path: Path, error: int, reason: str
) -> None:
    disk = RefusingDisk(tmp_path / "spool")
    recording = Recording(simulator, tmp_path, disk)
    async with recording.running():
        await recording.joined()
        await recording.flow(0.3)
        with disk.refusing(error, "write", "create"):
            await recording.flow(0.5)
            await recording.received()
            found = recording.collector.status()
            assert found.shortage == reason
            assert f"messages cannot be written: {reason}" in found.troubles
        await recording.flow(0.3)
        await recording.received()
        found = recording.collector.status()
        assert (found.shortage, found.lost) == (None, {})
        assert found.dropped > 0
    account = recording.balance()
    assert disk.fired["write"] > 0
    assert account.in_gaps > 0
    assert recording.reasons() == {reason}


async def test_a_clock_that_steps_is_noted_and_time_never_goes_back(
    recording: Recording,
) -> None:
    async with recording.running():
        await recording.joined()
        await recording.flow(0.2)
        for offset in (-5400.0, 7200.0, 0.0):
            recording.clock_is_off = offset
            await recording.flow(0.3)
        await recording.received()
    assert recording.kept() == len(recording.sent_to_us())
    entries = [entry for path in recording.spool.glob("*/*.coverage.jsonl") for entry in read_ledger(path.read_bytes())]
    anomalies = {
        (each.reason, round((each.until - each.at).total_seconds())) for each in entries if isinstance(each, Dropped)
    }
    assert anomalies == {("clock_stepped", 5400), ("clock_stepped", 7200)}
    for path in recording.spool.glob("*/*.0*.jsonl"):
        stamps = [line[:45] for line in path.read_bytes().splitlines()]
        assert stamps == sorted(stamps)


async def test_an_outage_while_recorded_time_waits_is_a_gap(
    recording: Recording,
) -> None:
    async with recording.running():
        await recording.joined()
        await recording.flow(0.2)
        recording.clock_is_off = -60.0
        await recording.flow(0.2)
        await recording.suffer(Reset())
        await recording.joined()
        await recording.flow(0.2)
        await recording.received()
    assert recording.reasons() == {"clock_stepped", "connection_lost"}
    recording.balance()


async def test_a_running_sync_is_awaited_before_the_end(simulator: Simulator, tmp_path: Path) -> None:
    disk = RefusingDisk(tmp_path / "spool")
    begun, go_on, sync = threading.Event(), threading.Event(), disk.sync

    def slow(descriptor: int) -> None:
        # the ledger's are short and done by the event loop itself
        if not begun.is_set() and threading.current_thread() is not threading.main_thread():
            begun.set()
            go_on.wait(60)
            with disk.refusing(EIO, "sync"):
                sync(descriptor)
        sync(descriptor)

    recording = Recording(simulator, tmp_path, disk)
    async with recording.running():
        await recording.joined()
        disk.sync = slow  # type: ignore[method-assign]
        recording.send()
        await recording.until(begun.is_set)
        asyncio.get_running_loop().call_later(0.1, go_on.set)
    assert "disk_error" in recording.reasons()
