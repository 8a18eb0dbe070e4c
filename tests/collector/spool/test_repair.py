"""What a dead process left is cut after its last whole line and sealed."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.spool.disk import Disk
from collector.spool.lock import held
from collector.spool.repair import DAWN, Inheritance, inheritance, recover, repair, segment_in, truncate_torn_tail
from collector.stream.proof import RULES
from tidemark.archive.coverage import coverage_of
from tidemark.archive.ledger import Alive, Began, Entry, Joined, Rates, Started, print_entry, read_ledger
from tidemark.archive.manifest import Gap
from tidemark.archive.names import CoverageName
from tidemark.archive.reasons import Reason
from tidemark.archive.record import read_record, record_line
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp

HOUR = Hour.parse("2026-11-22T15")
NOW = HOUR.start + timedelta(minutes=30)
LINE = record_line("2026-11-22T15:04:05.123456Z", "collection:*", b'{"event_type":"item_sold","payload":{}}')
SEGMENT = "20261122T15.0001.jsonl"
LEDGER = "20261122T15.coverage.jsonl"
ENTRIES = (
    Began(HOUR.start, None, {}),
    Started(HOUR.start + timedelta(minutes=1), "run", ("collection:*",), "tidemark"),
    Joined(HOUR.start + timedelta(minutes=2), 1, "collection:*"),
    Alive(HOUR.start + timedelta(minutes=9), 1),
)


@given(lines=st.integers(0, 4), tail=st.binary(max_size=60) | st.integers(0, len(LINE) - 1).map(lambda cut: LINE[:cut]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_tail_that_is_no_record_is_cut(disk: Disk, lines: int, tail: bytes) -> None:
    disk.put_at(f"open/{SEGMENT}", 0, LINE * lines + tail)
    repair(disk, NOW)
    sealed = disk.read(f"sealed/{SEGMENT}") if disk.names("sealed") else b""
    assert disk.names("open") == ([LEDGER] if lines else [])
    assert sealed == LINE * lines
    assert [read_record(line) for line in sealed.splitlines()] == [read_record(LINE)] * lines
    for folder in ("open", "sealed"):
        for name in disk.names(folder):
            disk.remove(f"{folder}/{name}")


def test_zeros_that_a_power_cut_leaves_are_cut(disk: Disk) -> None:
    disk.put_at(f"open/{SEGMENT}", 0, LINE + b"\0" * 5000 + b"\n" + b"\0\n" * 3)
    repair(disk, NOW)
    assert disk.read(f"sealed/{SEGMENT}") == LINE


def test_a_ledger_stays_open_until_its_hour_is_over(disk: Disk) -> None:
    whole = b"".join(map(print_entry, ENTRIES))
    disk.put_at(f"open/{LEDGER}", 0, whole + b'{"entry":"al')
    repair(disk, HOUR.end - timedelta(microseconds=1))
    assert disk.read(f"open/{LEDGER}") == whole
    repair(disk, HOUR.end + timedelta(seconds=59), grace=timedelta(minutes=1))
    assert disk.read(f"open/{LEDGER}") == whole
    repair(disk, HOUR.end)
    assert disk.read(f"sealed/{LEDGER}") == whole


def test_only_the_newest_ledger_can_still_run_whatever_the_clock_says(disk: Disk) -> None:
    for hour in (HOUR.previous(), HOUR):
        disk.put_at(f"open/{CoverageName(hour)}", 0, b"".join(map(print_entry, ENTRIES)))
    repair(disk, HOUR.start - timedelta(seconds=10))
    assert disk.names("sealed") == [str(CoverageName(HOUR.previous()))]
    assert disk.names("open") == [LEDGER]


def test_a_ledger_is_believed_up_to_its_first_broken_line(disk: Disk) -> None:
    lines = list(map(print_entry, ENTRIES))
    disk.put_at(f"open/{LEDGER}", 0, b"".join([*lines[:3], b"\0\0\0\n", lines[3]]))
    repair(disk, NOW)
    assert disk.read(f"open/{LEDGER}") == b"".join(lines[:3])
    disk.put_at("sealed/20261122T16.coverage.jsonl", 0, b"rotten\n" + lines[0])
    assert inheritance(disk) == Inheritance(HOUR.next().end, {})


@pytest.mark.parametrize("torn", [b"", b'{"entry":"began","at"'])
def test_an_empty_ledger_is_no_ledger(disk: Disk, torn: bytes) -> None:
    disk.put_at(f"sealed/{CoverageName(HOUR.previous())}", 0, b"".join(map(print_entry, earlier())))
    disk.put_at(f"open/{LEDGER}", 0, torn)
    repair(disk, NOW)
    assert disk.names("open") == []
    assert inheritance(disk).expected == {"collection:*": "process_died"}


def earlier() -> list[Entry]:
    """What a collector that ran through the hour before wrote into its ledger."""
    start = HOUR.previous().start
    return [
        Began(start, None, {}),
        Started(start, "run", ("collection:*",), "tidemark"),
        Joined(start, 1, "collection:*"),
        Alive(HOUR.start - timedelta(seconds=1), 1),
    ]


def test_other_files_are_left_alone(disk: Disk) -> None:
    disk.put_at("open/notes.txt", 0, b"mine")
    repair(disk, NOW)
    assert disk.read("open/notes.txt") == b"mine"
    assert inheritance(disk) == Inheritance(is_new=True)


def test_recover_leaves_a_live_collector_alone(disk: Disk) -> None:
    disk.put_at(f"open/{SEGMENT}", 0, LINE)
    with held(disk.root):
        assert recover(disk.root, NOW) is True
        assert disk.names("open") == [SEGMENT]
    assert recover(disk.root, NOW) is False
    assert disk.names("sealed") == [SEGMENT]


def test_mending_is_repeatable(disk: Disk) -> None:
    disk.put_at(f"open/{SEGMENT}", 0, LINE + b"x")
    name = segment_in(SEGMENT)
    assert name
    truncate_torn_tail(disk, name)
    assert disk.read(f"sealed/{SEGMENT}") == LINE


def test_a_new_spool_inherits_nothing(disk: Disk) -> None:
    assert inheritance(disk) == Inheritance(DAWN, is_new=True)


def test_a_new_process_inherits_what_was_expected_and_the_last_moment(disk: Disk) -> None:
    disk.put_at(f"open/{LEDGER}", 0, b"".join(map(print_entry, ENTRIES)))
    assert inheritance(disk) == Inheritance(ENTRIES[-1].at, {"collection:*": "process_died"})


def test_a_new_process_inherits_how_long_topics_were_silent(disk: Disk) -> None:
    end = ENTRIES[-1].at
    dogs, cats = "collection:dogs", 'collection:"cats"'
    rates = Rates(
        end - timedelta(seconds=20), {}, {dogs: (7.0, NOW), "collection:*": (5.0, NOW), cats: (9.0, NOW)}, 0.5
    )
    disk.put_at(f"open/{LEDGER}", 0, b"".join(map(print_entry, (*ENTRIES[:-1], rates, ENTRIES[-1]))))
    forged = (
        b'{"event_type":"x","payload":{"received_at":"2026-11-22T15:08:59.000000Z","topic":"collection:dogs","m":1}}'
    )
    lines = [
        record_line(format_timestamp(end - timedelta(seconds=ago)), topic, message)
        for ago, topic, message in (
            (30, dogs, b"{}"),
            (12, cats, b"{}"),
            (11, cats, forged),
            (4, "collection:*", b'{"sent_at":"%b"}' % format_timestamp(end - timedelta(seconds=10)).encode()),
        )
    ]
    disk.put_at(f"open/{SEGMENT}", 0, b"".join(lines) + b'{"received_at":"rotten","topic":"collection:dogs",\n')
    repair(disk, NOW)
    assert inheritance(disk).silences == {
        dogs: (27.0, NOW),
        cats: (11.0, end - timedelta(seconds=11 + RULES.margin)),
        "collection:*": (4.0, end - timedelta(seconds=9.5 + RULES.margin)),
    }


@pytest.mark.parametrize(
    "path", ["sealed/20261122T15.coverage.jsonl", "uploaded/20261122T15.json", "packed/20261122T15.json"]
)
def test_nothing_is_recorded_in_an_hour_that_is_summed_up(disk: Disk, path: str) -> None:
    (disk.root / path).parent.mkdir(exist_ok=True)
    disk.put_at(path, 0, b"".join(map(print_entry, ENTRIES)))
    assert inheritance(disk).floor == HOUR.end


@pytest.mark.parametrize("name", [SEGMENT, f"{SEGMENT}.zst", f"{SEGMENT}.json", f"{SEGMENT}.zst.tmp"])
def test_files_of_every_stage_belong_to_their_segment(name: str) -> None:
    assert str(segment_in(name)) == SEGMENT
    assert segment_in("notes.txt") is None
    assert segment_in("20261122T15.coverage.jsonl") is None


@pytest.mark.parametrize(("now", "folder"), [(NOW, "open"), (HOUR.end, "sealed")])
def test_the_first_hour_of_a_spool_gets_the_ledger_that_it_lacks(disk: Disk, now: datetime, folder: str) -> None:
    disk.put_at(f"open/{SEGMENT}", 0, LINE * 3)
    for _ in range(2):
        repair(disk, now)
        coverage = coverage_of(read_ledger(disk.read(f"{folder}/{LEDGER}")), HOUR)
        assert coverage.covered == ()
        assert coverage.gaps == (Gap("collection:*", HOUR.start, HOUR.end, Reason.NO_LEDGER),)


def test_that_ledger_names_every_topic_of_the_segment(disk: Disk) -> None:
    other = LINE.replace(b"collection:*", b"collection:cats")
    assert other != LINE
    disk.put_at(f"open/{SEGMENT}", 0, LINE + other)
    repair(disk, NOW)
    topics = [gap.topic for gap in coverage_of(read_ledger(disk.read(f"open/{LEDGER}")), HOUR).gaps]
    assert topics == ["collection:*", "collection:cats"]


def test_a_damaged_line_of_the_first_hour_is_left_to_the_loader(disk: Disk) -> None:
    disk.put_at(f"sealed/{SEGMENT}", 0, b"\n" + LINE)
    repair(disk, NOW)
    assert disk.read(f"sealed/{SEGMENT}") == b"\n" + LINE
    assert any(name.endswith(".coverage.jsonl") for folder in ("open", "sealed") for name in disk.names(folder))


@pytest.mark.parametrize("earlier", ["sealed/20261122T14.coverage.jsonl", "uploaded/20261122T15.json"])
def test_an_hour_that_others_explain_needs_no_ledger(disk: Disk, earlier: str) -> None:
    (disk.root / "uploaded").mkdir()
    disk.put_at(earlier, 0, print_entry(ENTRIES[0]))
    disk.put_at(f"sealed/{SEGMENT}", 0, LINE)
    repair(disk, NOW)
    assert LEDGER not in disk.names("open") + disk.names("sealed")
