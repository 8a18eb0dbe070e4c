"""The keeper of the coverage ledger, folded back after every story."""

from datetime import datetime, timedelta
from errno import EIO, ENOSPC

import pytest

from collector.spool.ledger import Ledger
from collector.spool.repair import Inheritance, inheritance
from tests.collector.spool.disks import RefusingDisk
from tidemark.archive.coverage import Coverage, coverage_of
from tidemark.archive.ledger import Alive, Began, Dropped, Ended, Failed, Lost, Place, read_ledger
from tidemark.core.hour import Hour

HOUR = Hour.parse("2026-11-22T15")
ALL, DOGS = "collection:*", "collection:dogs"
FILE = "20261122T15.coverage.jsonl"


def at(minutes: float) -> datetime:
    return HOUR.start + timedelta(minutes=minutes)


@pytest.fixture
def ledger(disk: RefusingDisk) -> Ledger:
    ledger = Ledger(disk, "run-1")
    ledger.start(at(1), [ALL, DOGS], "tidemark", Inheritance())
    for topic in (ALL, DOGS):
        ledger.join(at(2), 1, topic)
    return ledger


def write(ledger: Ledger, *, close: bool = True) -> None:
    ledger.commit(ledger.prepare())
    ledger.write(close=close)


def lose(ledger: Ledger, minute: float, proof: float, reason: str) -> None:
    for topic in (ALL, DOGS):
        ledger.lose(at(minute), 1, topic, at(proof), reason)


def coverage(disk: RefusingDisk, hour: Hour = HOUR, folder: str = "open") -> Coverage:
    return coverage_of(read_ledger(disk.read(f"{folder}/{hour.compact}.coverage.jsonl")), hour)


def test_what_is_joined_and_proven_is_covered(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.prove(at(10), 1)
    write(ledger)
    assert {(span.topic, span.start, span.end) for span in coverage(disk).covered} == {
        (ALL, at(2), at(10)),
        (DOGS, at(2), at(10)),
    }
    assert ledger.joined == {ALL, DOGS}
    assert ledger.outages.reasons == {}


def test_a_proof_is_written_only_once_its_messages_are_safe(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.prove(at(10), 1)
    proofs = ledger.prepare()
    ledger.prove(at(11), 1)
    lose(ledger, 12, 11, "connection_lost")
    ledger.write(close=True)
    assert not any(isinstance(entry, Alive | Lost) for entry in read_ledger(disk.read(f"open/{FILE}")))
    ledger.commit(proofs)
    write(ledger)
    assert coverage(disk).covered[0].end == at(11)


def test_proofs_in_a_row_are_one_line(disk: RefusingDisk, ledger: Ledger) -> None:
    write(ledger)
    disk.refuse(ENOSPC, "write")
    for minute in (10, 11, 12):
        ledger.prove(at(minute), 1)
        ledger.commit(ledger.prepare())
        with pytest.raises(OSError, match="No space"):
            ledger.write(close=True)
    disk.relent()
    ledger.write(close=True)
    assert [entry for entry in read_ledger(disk.read(f"open/{FILE}")) if isinstance(entry, Alive)] == [Alive(at(12), 1)]
    assert disk.fired["write"] == 3


def test_what_a_connection_brings_was_sent_after_its_proof_or_its_join(ledger: Ledger) -> None:
    ledger.join(at(3), 2, ALL)
    assert [ledger.proven(at(5), connection) for connection in (1, 2, 3)] == [at(2), at(3), at(5)]
    ledger.prove(at(4), 1)
    ledger.prove(at(9), 2)
    assert [ledger.proven(at(5), connection) for connection in (1, 2)] == [at(4), at(5)]


def test_a_write_that_fails_half_way_is_repeated_whole(disk: RefusingDisk, ledger: Ledger) -> None:
    with disk.refusing(ENOSPC, "write", takes=50), pytest.raises(OSError, match="No space"):
        write(ledger)
    ledger.prove(at(10), 1)
    write(ledger)
    assert len(read_ledger(disk.read(f"open/{FILE}"))) == 5


def test_an_hour_carries_over_what_the_next_begins_with(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.lose(at(30), 1, DOGS, at(2), "channel_error")
    ledger.turn(HOUR.next())
    ledger.prove(at(61), 1)
    write(ledger)
    first = read_ledger(disk.read(f"open/{HOUR.next().compact}.coverage.jsonl"))[0]
    assert first == Began(at(60), "run-1", {ALL: "connecting", DOGS: "channel_error"}, (Place(1, ALL),))
    entries = read_ledger(disk.read(f"sealed/{FILE}"))
    assert entries[-1] == Ended(at(60))
    after = coverage_of(entries, HOUR)
    assert [(gap.topic, gap.start, gap.end) for gap in after.gaps if gap.reason == "channel_error"] == [
        (DOGS, at(2), at(60))
    ]
    assert after.covered[-1].end == at(60)


def test_an_hour_with_a_connection_unproven_at_its_end_stays_open(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.prove(at(59), 1)
    ledger.turn(HOUR.next())
    write(ledger)
    assert FILE in disk.names("open")
    lose(ledger, 62, 59, "heartbeat_unanswered")
    write(ledger)
    assert FILE in disk.names("sealed")
    gaps = coverage(disk, folder="sealed").gaps
    assert {(gap.topic, gap.start, gap.end, gap.reason) for gap in gaps if gap.start > at(2)} == {
        (ALL, at(59), at(60), "heartbeat_unanswered"),
        (DOGS, at(59), at(60), "heartbeat_unanswered"),
    }


def closing(ledger: Ledger) -> None:
    """Let the first hour end, proven to its end."""
    ledger.turn(HOUR.next())
    ledger.prove(at(61), 1)


def test_an_hour_that_was_moved_before_its_disk_failed_is_closed(disk: RefusingDisk, ledger: Ledger) -> None:
    closing(ledger)
    write(ledger, close=False)
    with disk.refusing(EIO, "sync_folder"), pytest.raises(OSError, match="Input/output"):
        write(ledger)
    assert FILE in disk.names("sealed")
    ledger.prove(at(62), 1)
    write(ledger, close=False)
    write(ledger)
    assert [entry for entry in read_ledger(disk.read(f"sealed/{FILE}")) if isinstance(entry, Ended)] == [Ended(at(60))]
    assert disk.names("open") == [f"{HOUR.next().compact}.coverage.jsonl"]
    assert coverage(disk, HOUR.next()).covered[-1].end == at(62)


def test_an_hour_that_an_upload_took_away_meanwhile_is_closed(disk: RefusingDisk, ledger: Ledger) -> None:
    closing(ledger)
    write(ledger, close=False)
    with disk.refusing(EIO, "sync_folder"), pytest.raises(OSError, match="Input/output"):
        write(ledger)
    disk.remove(f"sealed/{FILE}")
    write(ledger)
    assert FILE not in [*disk.names("open"), *disk.names("sealed")]


def test_an_hour_that_fails_keeps_no_other_from_being_written(disk: RefusingDisk, ledger: Ledger) -> None:
    closing(ledger)
    with disk.refusing(EIO, "move"):
        for minute in (62, 63):
            ledger.prove(at(minute), 1)
            with pytest.raises(OSError, match="Input/output"):
                write(ledger)
    assert FILE in disk.names("open")
    assert coverage(disk, HOUR.next()).covered[-1].end == at(63)
    write(ledger)
    assert [entry for entry in read_ledger(disk.read(f"sealed/{FILE}")) if isinstance(entry, Ended)] == [Ended(at(60))]


def test_nothing_is_closed_while_messages_cannot_be_kept(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.turn(HOUR.next())
    ledger.prove(at(61), 1)
    write(ledger, close=False)
    assert FILE in disk.names("open")
    ledger.dropped(at(58), at(62), 7, "disk_full")
    write(ledger)
    assert {gap.start for gap in coverage(disk, folder="sealed").gaps if gap.reason == "disk_full"} == {at(58)}


def test_the_same_failure_is_recorded_once(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.prove(at(10), 1)
    lose(ledger, 11, 10, "closed_by_server")
    for minute in (12, 13, 14):
        ledger.fail(at(minute), None, "server_error")
    write(ledger)
    assert [entry for entry in read_ledger(disk.read(f"open/{FILE}")) if isinstance(entry, Failed)] == [
        Failed(at(12), None, "server_error")
    ]
    assert ledger.outages.seconds(at(14))["server_error"] == 2 * 120
    assert ledger.outages.seconds(at(14))["closed_by_server"] == 2 * 120


def test_with_two_connections_one_may_go(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.join(at(3), 2, ALL)
    ledger.prove(at(10), 1)
    ledger.prove(at(10), 2)
    lose(ledger, 11, 10, "connection_lost")
    ledger.forget(1)
    ledger.fail(at(12), None, "server_error")
    ledger.prove(at(20), 2)
    write(ledger)
    assert ledger.joined == {ALL}
    assert ledger.outages.reasons == {DOGS: "server_error"}
    assert [span.end for span in coverage(disk).covered if span.topic == ALL] == [at(20)]


def test_topics_come_and_go(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.subscribe(at(5), "collection:cats")
    ledger.unsubscribe(at(6), DOGS)
    ledger.join(at(7), 1, DOGS)
    ledger.prove(at(8), 1)
    write(ledger)
    assert ledger.topics == (ALL, "collection:cats")
    assert coverage(disk).expected == {ALL: "process_died", "collection:cats": "process_died"}
    ledger.turn(HOUR.next())
    write(ledger)
    began = read_ledger(disk.read(f"open/{HOUR.next().compact}.coverage.jsonl"))[0]
    assert isinstance(began, Began)
    assert began.joined == (Place(1, ALL),)


def test_a_new_process_goes_on_in_the_same_file(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.prove(at(10), 1)
    lose(ledger, 11, 10, "not_running")
    ledger.stop(at(11))
    write(ledger)
    again = Ledger(disk, "run-2")
    again.start(at(20), [ALL], "tidemark", inheritance(disk))
    again.subscribe(at(21), DOGS)
    write(again)
    assert [(gap.start, gap.reason) for gap in coverage(disk).gaps if gap.topic == ALL] == [
        (at(1), "connecting"),
        (at(10), "not_running"),
        (at(20), "connecting"),
        (at(21), "process_died"),
    ]
    assert coverage(disk).expected == {ALL: "process_died", DOGS: "connecting"}


def test_a_process_in_a_later_hour_knows_what_was_expected(disk: RefusingDisk, ledger: Ledger) -> None:
    write(ledger)
    later = Ledger(disk, "run-2")
    later.start(at(75), [ALL], "tidemark", inheritance(disk))
    later.join(at(76), 1, ALL)
    write(later)
    gaps = coverage(disk, HOUR.next()).gaps
    assert [(gap.topic, gap.start, gap.reason) for gap in gaps] == [
        (ALL, at(60), "process_died"),
        (ALL, at(75), "connecting"),
        (ALL, at(76), "process_died"),
        (DOGS, at(60), "process_died"),
    ]


def test_an_hour_begins_with_what_is_carried_over_whatever_is_written_first(disk: RefusingDisk, ledger: Ledger) -> None:
    write(ledger)
    ledger.turn(HOUR.next())
    ledger.dropped(at(59), at(61), 7, "disk_full")
    ledger.write(close=True)
    assert [type(entry) for entry in read_ledger(disk.read("open/20261122T16.coverage.jsonl"))] == [Began, Dropped]
    assert (at(60), "disk_full") in [(gap.start, gap.reason) for gap in coverage(disk, HOUR.next()).gaps]


def test_a_silent_topic_is_not_covered_until_it_speaks_again(disk: RefusingDisk, ledger: Ledger) -> None:
    ledger.prove(at(20), 1)
    write(ledger)
    ledger.lose(at(21), 1, DOGS, at(12), "unproven")
    assert (ledger.outages.reasons, ledger.joined) == ({DOGS: "unproven"}, {ALL})
    ledger.join(at(30), 1, DOGS)
    ledger.prove(at(40), 1)
    write(ledger)
    assert [(span.topic, span.start, span.end) for span in coverage(disk).covered] == [
        (ALL, at(2), at(40)),
        (DOGS, at(2), at(12)),
        (DOGS, at(30), at(40)),
    ]


def test_an_hour_stays_open_for_a_while_in_case_a_silence_began_in_it(disk: RefusingDisk) -> None:
    ledger = Ledger(disk, "run", grace=timedelta(minutes=4))
    ledger.start(at(1), [ALL], "tidemark", Inheritance())
    ledger.join(at(2), 1, ALL)
    ledger.turn(HOUR.next())
    ledger.prove(at(63), 1)
    ledger.at = at(63)
    write(ledger)
    ledger.lose(at(63.5), 1, ALL, at(58), "unproven")
    ledger.at = at(64)
    write(ledger)
    assert [(gap.start, gap.end) for gap in coverage(disk, folder="sealed").gaps if gap.reason == "unproven"] == [
        (at(58), at(60))
    ]


def test_a_new_spool_does_not_know_the_hour_before_its_start(disk: RefusingDisk) -> None:
    before = inheritance(disk)
    assert before.is_new
    ledger = Ledger(disk, "run")
    ledger.start(at(20), [ALL], "tidemark", before)
    write(ledger)
    assert [(gap.start, gap.end, gap.reason) for gap in coverage(disk).gaps][:1] == [(at(0), at(20), "not_started")]
    assert not inheritance(disk).is_new


def test_the_next_process_knows_how_much_the_topics_bring(disk: RefusingDisk, ledger: Ledger) -> None:
    cats = "collection:cats"
    ledger.keep_rates(at(10), {ALL: (100.0, 50.0, 0.5), cats: (1.0, 1.0, 0.0)}, {ALL: (7.0, at(9)), cats: (1.0, at(9))})
    write(ledger)
    for silent_for in (7, 7 + 50 * 60, 7 + 50 * 60):
        before = inheritance(disk)
        assert before.rates == {ALL: (100.0, 50.0, 0.5)}
        assert before.silences == {ALL: (silent_for, at(9))}
        if silent_for == 7:
            ledger.turn(HOUR.next())
            write(ledger)
        else:  # the time in which no process ran is not part of the silence
            again = Ledger(disk, "run-2")
            again.start(at(125), [ALL], "tidemark", before)
            write(again)
