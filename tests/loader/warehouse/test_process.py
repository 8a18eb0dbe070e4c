"""What another process reads is what this one would have read, and each end of it is noticed."""

import mmap
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Thread

import msgspec
import psutil
import pytest

from tests.loader.recording import HOUR
from tests.loader.test_verified import described, packed
from tests.loader.transform.messages import line_of, sample, sold
from tidemark.core.errors import Problem
from tidemark.loader.verified import unpacked
from tidemark.loader.warehouse.process import END, Answer, ReadingProcess, Refused, main
from tidemark.loader.warehouse.rows import Origin, rows_of

LINES = b"".join(
    [
        sample("trait_offer.2023.object-frame.json"),
        sample("item_sold.2023.object-frame.json"),
        line_of(sold(transaction={"hash": "two words"})),
    ]
    * 1000
)
BODY = packed(LINES)


def origin(number: int = 1) -> Origin:
    return Origin(number, HOUR.start, "collector-a", described(BODY, LINES))


def pieces(body: bytes = BODY) -> Iterator[bytes]:
    return (body[start : start + 1000] for start in range(0, len(body), 1000))


@pytest.fixture
def process() -> Iterator[ReadingProcess]:
    with ReadingProcess() as process:
        yield process


def test_one_object_after_the_other_is_read_as_here(process: ReadingProcess) -> None:
    for number in (1, 2):
        here = list(rows_of(origin(number), unpacked(pieces(), origin().segment)))
        assert list(process.rows(origin(number), pieces())) == here
        assert sum(rows.lines for rows in here) == 3000


def test_memory_is_taken_once_and_not_for_each_block_again(process: ReadingProcess) -> None:
    faults = []
    for number in range(4):
        list(process.rows(origin(number), pieces()))
        faults.append(int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[7]))
    assert faults[3] - faults[1] < len(LINES) // mmap.PAGESIZE // 4


def test_a_damaged_object_is_told_as_it_would_be_here(process: ReadingProcess) -> None:
    with pytest.raises(Problem, match=r"0001\.jsonl\.zst has \d+ bytes, its manifest says"):
        list(process.rows(origin(), pieces(BODY[:-3])))


def test_what_fails_in_fetching_is_what_is_raised(process: ReadingProcess) -> None:
    def broken() -> Iterator[bytes]:
        yield BODY[:1000]
        raise Problem("the bucket is gone", "Find it")

    with pytest.raises(Problem, match="the bucket is gone"):
        list(process.rows(origin(), broken()))


def test_a_process_that_is_killed_is_told_and_stays_dead(process: ReadingProcess) -> None:
    def deadly() -> Iterator[bytes]:
        yield BODY[:1000]
        os.kill(process.pid, signal.SIGKILL)
        yield from pieces(BODY[1000:])

    for packed_pieces in (deadly(), pieces()):
        with pytest.raises(Problem, match="ended with status -9"):
            list(process.rows(origin(), packed_pieces))


def test_leaving_in_the_middle_leaves_nothing_behind() -> None:
    with ReadingProcess() as process:
        next(process.rows(origin(), pieces()))
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def reads_as_a_daemon() -> None:
    with pytest.raises(AssertionError, match="daemonic processes are not allowed to have children"):
        get_context("spawn").Process(target=print).start()
    with ReadingProcess() as process:
        assert sum(rows.lines for rows in process.rows(origin(), pieces())) == 3000


def test_a_worker_that_may_have_no_children_reads_so_all_the_same() -> None:
    daemon = get_context("spawn").Process(target=reads_as_a_daemon, daemon=True)
    daemon.start()
    daemon.join(60)
    assert daemon.exitcode == 0


def test_a_killed_load_leaves_no_process_behind() -> None:
    program = (
        "import time; from tidemark.loader.warehouse.process import ReadingProcess\n"
        "with ReadingProcess() as process: print(process.pid, flush=True); time.sleep(60)"
    )
    with Popen([sys.executable, "-c", program], stdout=PIPE, text=True) as parent:
        assert parent.stdout
        reader = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert psutil.wait_procs([reader], timeout=60) == ([reader], [])


_answer: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)
Ends = tuple[Connection, Connection, Thread]


@pytest.fixture
def reader() -> Iterator[Ends]:
    asked, asks = Pipe(duplex=False)
    tells, told = Pipe(duplex=False)
    thread = Thread(target=main, args=(asked, told))
    thread.start()
    with asked, told, tells:
        yield asks, tells, thread
        asks.close()
        thread.join(60)
        assert not thread.is_alive()


def ask(asks: Connection, wanted: Origin, body: bytes) -> None:
    for message in (msgspec.msgpack.encode(wanted), body, END):
        asks.send_bytes(message)


def test_an_object_comes_back_as_rows_and_an_end(reader: Ends) -> None:
    asks, tells, _ = reader
    for number in (1, 2):
        ask(asks, origin(number), BODY)
        told = [_answer.decode(message) for message in iter(tells.recv_bytes, END)]
        assert told == list(rows_of(origin(number), unpacked(iter([BODY]), origin().segment)))


def test_a_damaged_object_is_refused_and_is_the_last(reader: Ends) -> None:
    asks, tells, thread = reader
    ask(asks, origin(), BODY[:-3])
    messages = iter(lambda: _answer.decode(tells.recv_bytes()), None)
    refused = next(told for told in messages if isinstance(told, Refused))
    assert "its manifest says" in refused.what
    thread.join(60)
    assert not thread.is_alive()


def test_it_ends_when_no_process_listens(reader: Ends) -> None:
    asks, tells, thread = reader
    tells.close()
    ask(asks, origin(), BODY)
    thread.join(60)
    assert not thread.is_alive()
