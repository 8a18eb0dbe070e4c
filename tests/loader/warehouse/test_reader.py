"""The program that reads objects says what reading them here says, and ends when nobody asks or listens any more."""

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread

import msgspec
import pytest

from tests.loader.warehouse.test_process import BODY, origin
from tidemark.loader.verified import unpacked
from tidemark.loader.warehouse.reader import END, Refused, Told, main
from tidemark.loader.warehouse.rows import Origin, rows_of

_told: msgspec.msgpack.Decoder[Told] = msgspec.msgpack.Decoder(Told)
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
        thread.join(20)
        assert not thread.is_alive()


def ask(asks: Connection, wanted: Origin, body: bytes) -> None:
    for message in (msgspec.msgpack.encode(wanted), body, END):
        asks.send_bytes(message)


def test_an_object_comes_back_as_rows_and_an_end(reader: Ends) -> None:
    asks, tells, _ = reader
    for number in (1, 2):
        ask(asks, origin(number), BODY)
        told = [_told.decode(message) for message in iter(tells.recv_bytes, END)]
        assert told == list(rows_of(origin(number), unpacked(iter([BODY]), origin().segment)))


def test_a_damaged_object_is_refused_and_is_the_last(reader: Ends) -> None:
    asks, tells, thread = reader
    ask(asks, origin(), BODY[:-3])
    messages = iter(lambda: _told.decode(tells.recv_bytes()), None)
    refused = next(told for told in messages if isinstance(told, Refused))
    assert "its manifest says" in refused.what
    thread.join(20)
    assert not thread.is_alive()


def test_it_ends_when_nobody_listens(reader: Ends) -> None:
    asks, tells, thread = reader
    tells.close()
    ask(asks, origin(), BODY)
    thread.join(20)
    assert not thread.is_alive()
