"""Objects read in a process of their own, so that an hour is read by more than one core.

The process (`reader`) is a program like any other, begun anew and not forked: what runs a load, such as a Celery
worker, may hold threads and may be forbidden to have children of `multiprocessing`.
"""

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from subprocess import Popen
from typing import Self

import msgspec

from tidemark.core.errors import Problem
from tidemark.loader.warehouse.reader import END, Refused, Told
from tidemark.loader.warehouse.rows import Origin, Rows

_told: msgspec.msgpack.Decoder[Told] = msgspec.msgpack.Decoder(Told)


def _rows(message: bytes) -> Rows:
    told = _told.decode(message)
    if isinstance(told, Refused):
        raise Problem(told.what, told.hint)
    return told


class ReadingProcess:
    """A process that reads one object after the other, until it is left."""

    def __init__(self) -> None:
        asked, self._asks = Pipe(duplex=False)
        self._tells, told = Pipe(duplex=False)
        with asked, told:
            command = [sys.executable, "-P", "-m", "tidemark.loader.warehouse.reader"]
            # in a group of its own: what interrupts the load is for the load to handle, and it ends this one
            self._process = Popen(command, stdin=asked.fileno(), stdout=told.fileno(), process_group=0)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._asks.close()
        self._tells.close()

    def rows(self, origin: Origin, packed: Iterable[bytes]) -> Iterator[Rows]:
        """Read an object; see `rows_of` and `unpacked`. Raises what `packed` raises, and Problem."""
        with ThreadPoolExecutor(1) as feeder:
            fed = feeder.submit(self._feed, origin, packed)
            try:
                while message := self._tells.recv_bytes():
                    yield _rows(message)
            except EOFError:
                raise fed.exception() or self._death(origin) from None
            except BaseException:
                self._process.kill()  # it may wait for a reader, and the feeder for it
                raise

    def _feed(self, origin: Origin, packed: Iterable[bytes]) -> None:
        try:
            self._asks.send_bytes(msgspec.msgpack.encode(origin))
            for piece in packed:
                self._asks.send_bytes(piece)
            self._asks.send_bytes(END)
        except BrokenPipeError:
            pass  # it has ended; why, it told or its status tells
        except BaseException:
            self._process.kill()
            raise

    def _death(self, origin: Origin) -> Problem:
        return Problem(
            f"the process that read {origin.segment.key} ended with status {self._process.wait()}",
            "Nothing was loaded. -9 is most likely a lack of memory: give the loader 250 MB, then load the hour again",
        )
