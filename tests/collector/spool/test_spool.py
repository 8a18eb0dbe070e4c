"""The spool under every fault of the disk, of the power and of the process."""

from datetime import UTC, datetime, timedelta
from errno import EIO, ENOSPC, EROFS
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from collector.spool.disk import Disk
from collector.spool.spool import Batch, joined
from tests.collector.spool.account import gaps_in, kept_in
from tests.collector.spool.disks import PowerlessDisk, RefusingDisk
from tests.collector.spool.life import HOUR, Life
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import Dropped, read_ledger
from tidemark.archive.names import LAST_NUMBER, SegmentName
from tidemark.core.hour import Hour

START = datetime(2026, 11, 22, 15, tzinfo=UTC)


def test_batches_join_from_first_to_last() -> None:
    later = Batch(START + timedelta(seconds=2), START + timedelta(seconds=3), 5)
    assert joined(None, later) is later
    both = joined(Batch(START, START, 2), later)
    assert both == Batch(START, later.last, 7)
    assert both.until > later.last
    lagged = Batch(START - timedelta(seconds=20), later.last, 1)
    assert joined(both, lagged) == Batch(lagged.since, later.last, 8)


@pytest.fixture
def disk(tmp_path: Path) -> RefusingDisk:
    return RefusingDisk(tmp_path / "spool")


def reasons(disk: Disk) -> set[str]:
    return {gap.reason for gap in gaps_in(disk.root)}


def test_what_is_received_is_kept(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(30)
    life.spool.close()
    life.balance()
    assert kept_in(disk.root).total() == life.spool.persisted == 30
    assert life.spool.persisted_bytes == sum(disk.size(f"sealed/{name}") for name in disk.names("sealed"))


def test_a_segment_never_grows_over_its_limit(disk: RefusingDisk) -> None:
    life = Life(disk, largest=500)
    for _ in range(20):
        life.receive(2)
        life.spool.flush()
    life.spool.close()
    assert len(disk.names("sealed")) > 5
    assert all(disk.size(f"sealed/{name}") <= 500 for name in disk.names("sealed"))
    life.balance()


def test_the_first_message_of_an_hour_opens_its_file(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(3)
    life.now = HOUR.end - timedelta(seconds=0.01)
    life.receive(3)
    life.spool.checkpoint()
    assert disk.names("open") == ["20261122T16.0001.jsonl", "20261122T16.coverage.jsonl"]
    assert "20261122T15.0001.jsonl" in disk.names("sealed")
    life.spool.close()
    assert disk.names("sealed") == ["20261122T15.0001.jsonl", "20261122T15.coverage.jsonl", "20261122T16.0001.jsonl"]
    life.balance()


def test_a_quiet_hour_is_closed_by_the_clock(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive()
    life.pass_time(3600)
    life.ledger.prove(life.now, 1)
    life.spool.checkpoint()
    assert disk.names("sealed") == ["20261122T15.0001.jsonl", "20261122T15.coverage.jsonl"]
    entries = read_ledger(disk.read("sealed/20261122T15.coverage.jsonl"))
    coverage = coverage_of(entries, HOUR)
    assert coverage.covered[-1].end == HOUR.end


def test_an_hour_waits_until_its_end_is_proven(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive()
    life.pass_time(3600)
    life.spool.checkpoint()
    assert "20261122T15.coverage.jsonl" in disk.names("open")
    life.lose("heartbeat_unanswered")
    life.spool.checkpoint()
    gap = coverage_of(read_ledger(disk.read("sealed/20261122T15.coverage.jsonl")), HOUR).gaps[-1]
    assert (gap.reason, gap.end) == ("heartbeat_unanswered", HOUR.end)


def test_a_full_disk_is_a_gap_of_its_own_and_ends(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    with disk.refusing(ENOSPC, "write", takes=70):
        for _ in range(3):
            life.receive(5)
            life.spool.checkpoint()
        assert life.spool.shortage is not None
        assert life.spool.shortage.reason == "disk_full"
    life.receive(5)
    life.spool.checkpoint()
    assert life.spool.shortage is None
    life.spool.close()
    life.balance()
    assert disk.fired["write"] == 3
    assert life.spool.dropped > 0
    assert life.spool.persisted + life.spool.dropped == 25
    assert reasons(disk) == {"not_started", "connecting", "disk_full", "process_died"}


def test_uploaded_segments_make_room_before_anything_is_given_up(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.close()
    (disk.root / "uploaded").mkdir()
    disk.put_at("uploaded/20261122T15.0001.jsonl.json", 0, b"{}")
    life.start()
    disk.refuse(ENOSPC, "write")
    remove = disk.remove

    def relenting(path: str) -> None:
        remove(path)
        disk.relent()

    disk.remove = relenting  # type: ignore[method-assign]
    life.receive(5)
    life.spool.checkpoint()
    assert (life.spool.persisted, life.spool.dropped, life.spool.shortage) == (5, 0, None)
    assert disk.fired["write"] == 1


@pytest.mark.parametrize(
    ("error", "methods", "reason"),
    [
        (EIO, ("write",), "disk_error"),
        (EIO, ("write", "truncate"), "disk_error"),
        (EROFS, ("create", "write"), "disk_read_only"),
    ],
)
def test_a_disk_that_refuses_is_never_a_stream_outage(
    disk: RefusingDisk, error: int, methods: tuple[str, ...], reason: str
) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    with disk.refusing(error, *methods, takes=10):
        for _ in range(4):
            life.receive(5)
            life.spool.checkpoint()
    life.receive(5)
    life.spool.checkpoint()
    life.spool.close()
    life.balance()
    assert disk.fired["write"] > 0
    assert reasons(disk) == {"not_started", "connecting", reason, "process_died"}


def test_what_a_full_disk_dropped_before_a_topic_was_removed_is_a_gap(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    with disk.refusing(ENOSPC, "write"):
        life.receive(5)
        life.spool.checkpoint()
        life.remove()
    life.pass_time(60)
    life.join()
    life.receive(5)
    life.spool.close()
    life.balance()
    assert life.spool.dropped == 5
    assert "disk_full" in reasons(disk)


def test_a_failing_device_gets_a_new_file(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.flush()
    with disk.refusing(EIO, "write"):
        life.receive(5)
        life.spool.flush()
    life.receive(5)
    life.spool.flush()
    life.spool.close()
    life.balance()
    assert len(disk.names("sealed")) == 2


def test_after_a_failed_sync_what_it_covered_is_a_gap(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    life.receive(5)
    with disk.refusing(EIO, "sync"):
        life.spool.checkpoint()
    life.receive(5)
    life.spool.checkpoint()
    life.spool.close()
    assert disk.fired["sync"] > 0
    assert "disk_error" in reasons(disk)
    life.balance()


def test_what_a_sync_made_safe_is_no_gap_where_a_later_one_fails(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    life.receive(3)
    life.spool.flush()
    with disk.refusing(EIO, "sync"):
        life.pass_time(3600)
        life.receive(1)
        life.spool.flush()
    life.spool.close()
    ledgers = [f"{folder}/{name}" for folder in ("open", "sealed") for name in disk.names(folder) if "cov" in name]
    entries = [entry for file in ledgers for entry in read_ledger(disk.read(file))]
    lost = [entry.messages for entry in entries if isinstance(entry, Dropped)]
    assert disk.fired["sync"] > 0
    assert 0 < max(lost) <= 4


def test_an_hour_without_a_segment_left_is_a_gap_until_its_end(disk: RefusingDisk) -> None:
    life = Life(disk)
    disk.put_at(f"sealed/{SegmentName(HOUR, LAST_NUMBER)}", 0, b"")
    for _ in range(3):
        life.receive(5)
        life.spool.checkpoint()
    life.pass_time(3600)
    life.receive(5)
    life.spool.close()
    assert (life.spool.dropped, life.spool.persisted) == (15, 5)
    assert "disk_error" in reasons(disk)
    life.balance()


class BrokenDisk(RefusingDisk):
    """A disk that fails once in a way that no disk should."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        if "fault" in self._errors:
            self.fired["fault"] += 1
            raise ValueError("a fault")
        return super().write(descriptor, data)


def test_what_a_fault_of_ours_loses_is_not_claimed(tmp_path: Path) -> None:
    disk = BrokenDisk(tmp_path / "spool")
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    life.receive(5)
    with disk.refusing(EIO, "fault"), pytest.raises(ValueError, match="a fault"):
        life.spool.flush()
    life.receive(5)
    life.spool.close()
    assert (life.spool.dropped, life.spool.persisted) == (5, 10)
    life.balance()


def test_the_status_says_what_is_kept_and_why_nothing_is(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.flush()
    assert (life.spool.status()["shortage"], life.spool.status()["persisted"]) == (None, 5)
    with disk.refusing(ENOSPC, "write", "create"):
        life.receive(2)
        life.spool.flush()
    assert (life.spool.status()["shortage"], life.spool.status()["dropped"]) == ("disk_full", 2)
    life.spool.close()


def test_a_seal_that_fails_is_done_later(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.spool.checkpoint()
    with disk.refusing(EIO, "move"):
        life.pass_time(3600)
        life.spool.checkpoint()
        assert disk.names("sealed") == []
    life.receive(5)
    life.spool.checkpoint()
    life.spool.close()
    assert "20261122T15.0001.jsonl" in disk.names("sealed")
    life.balance()


def test_the_status_says_while_the_ledger_cannot_be_written(disk: RefusingDisk) -> None:
    life = Life(disk)
    life.receive(5)
    life.pass_time(3600)
    life.ledger.prove(life.now, 1)
    with disk.refusing(EIO, "sync_folder"):
        life.spool.checkpoint()
    assert life.spool.status()["unwritten_ledger"] == "disk_error"
    life.spool.checkpoint()
    assert life.spool.status()["unwritten_ledger"] is None
    life.spool.close()


class Mishaps(RuleBasedStateMachine):
    """Any sequence of reads, syncs, deaths, refusals and hours."""

    folder: Path
    count = 0

    @initialize()
    def begin(self) -> None:
        type(self).count += 1
        self.disk = RefusingDisk(self.folder / str(self.count))
        self.life = Life(self.disk)

    @rule(count=st.integers(1, 20))
    def receive(self, count: int) -> None:
        self.life.receive(count)

    @rule()
    def flush(self) -> None:
        self.life.spool.flush()

    @rule()
    def commit(self) -> None:
        self.life.spool.checkpoint()

    @rule(seconds=st.sampled_from([1.0, 600.0, 3600.0, 8000.0]))
    def wait(self, seconds: float) -> None:
        self.life.pass_time(seconds)

    @rule()
    def lose(self) -> None:
        self.life.lose("connection_lost")
        self.life.pass_time(5)
        self.life.join()

    @rule()
    def remove_topic(self) -> None:
        self.life.remove()
        self.life.pass_time(5)
        self.life.join()

    @rule(
        error=st.sampled_from([ENOSPC, EIO, EROFS]),
        methods=st.sets(st.sampled_from(["write", "create", "sync", "truncate", "move", "sync_folder"]), min_size=1),
        takes=st.integers(0, 300),
    )
    def refuse(self, error: int, methods: set[str], takes: int) -> None:
        self.disk.refuse(error, *methods, takes=takes)

    @rule()
    def use_up_the_numbers(self) -> None:
        (self.disk.root / "sealed" / str(SegmentName(Hour.of(self.life.now), LAST_NUMBER))).touch()

    @rule()
    def relent(self) -> None:
        self.disk.relent()

    @rule(seconds=st.floats(0, 4000))
    def die(self, seconds: float) -> None:
        self.disk.relent()
        self.life.now += timedelta(seconds=seconds)
        self.life.start()

    def teardown(self) -> None:
        self.disk.relent()
        self.life.pass_time(1)
        self.life.spool.close()
        self.life.balance()


def test_any_sequence_of_mishaps_balances(tmp_path: Path) -> None:
    machine = type("Run", (Mishaps,), {"folder": tmp_path})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=20, deadline=None))


@given(
    plan=st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["flush", "commit", "cut", "hour", "read"])), max_size=25
    )
)
@settings(max_examples=30, deadline=None)
def test_a_power_cut_loses_nothing_silently(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, str]]
) -> None:
    folder = tmp_path_factory.mktemp("power")
    disk = PowerlessDisk(folder / "spool", folder / "vault")
    life = Life(disk)
    for count, step in [*plan, (3, "read"), (0, "cut")]:
        if count:
            life.receive(count)
        if step == "flush":
            life.spool.flush()
        elif step == "commit":
            life.spool.checkpoint()
        elif step == "hour":
            life.pass_time(3600)
        elif step == "cut":
            disk.cut_power()
            life.start()
    life.spool.close()
    assert disk.cuts > 0
    life.balance()
