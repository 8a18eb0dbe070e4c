"""Objects read in processes of their own, so that an hour is read by more than one core.

The process is a new program (`main`) and not a fork: what runs a load, such as a Celery worker, may hold threads and
may be forbidden to have children of `multiprocessing`. Packed bytes go in, rows come out. It needs neither S3 nor the
warehouse and imports little, because several of them begin with each large hour.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from subprocess import Popen
from typing import Self

import msgspec

from tidemark.core.errors import Problem
from tidemark.loader.verified import unpacked
from tidemark.loader.warehouse.rows import Origin, Rows, rows_of

# Each block of lines takes some megabytes and leaves them. glibc would hand them back and have them cleared for the
# next one, a tenth of the time that reading takes; it is to keep so much of what is free.
_KEPT = {"MALLOC_TOP_PAD_": str(16 << 20)}
END = b""  # an object's last message, in both directions


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A Problem of the other process."""

    what: str
    hint: str


Answer = Rows | Refused
_origin = msgspec.msgpack.Decoder(Origin)
_answer: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


def main(requests: Connection, answers: Connection) -> None:
    """Read objects until no more are asked for; one that is not what its manifest says is the last."""
    try:
        while True:
            origin = _origin.decode(requests.recv_bytes())
            for rows in rows_of(origin, unpacked(iter(requests.recv_bytes, END), origin.segment, origin.end)):
                answers.send_bytes(msgspec.msgpack.encode(rows))
            answers.send_bytes(END)
    except Problem as problem:
        answers.send_bytes(msgspec.msgpack.encode(Refused(problem.what, problem.hint)))
    except (EOFError, BrokenPipeError):
        return  # the load has ended


def _rows(message: bytes) -> Rows:
    answer = _answer.decode(message)
    if isinstance(answer, Refused):
        raise Problem(answer.what, answer.hint)
    return answer


class ReadingProcess:
    """A process that reads one object after the other: `with ReadingProcess() as process`."""

    def __enter__(self) -> Self:
        requests, self._requests = Pipe(duplex=False)
        self._answers, answers = Pipe(duplex=False)
        with requests, answers:
            command = [sys.executable, "-P", "-m", "tidemark.loader.warehouse.process"]
            # in a group of its own: what interrupts the load is for the load to handle, and it ends this one
            self._process = Popen(
                command,
                stdin=requests.fileno(),
                stdout=answers.fileno(),
                env={**_KEPT, **os.environ},
                process_group=0,
            )
        return self

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def kill(self) -> None:
        """End what it reads; the reader is told so, as of any other death."""
        self._process.kill()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._requests.close()
        self._answers.close()

    def rows(self, origin: Origin, packed: Iterable[bytes]) -> Iterator[Rows]:
        """Read an object; see `rows_of` and `unpacked`. Raises what `packed` raises, and Problem."""
        with ThreadPoolExecutor(1) as feeder:
            fed = feeder.submit(self._feed, origin, packed)
            try:
                while message := self._answers.recv_bytes():
                    yield _rows(message)
            except EOFError:
                raise fed.exception() or Problem(
                    f"the process that read {origin.segment.key} ended with status {self._process.wait()}",
                    "Nothing was loaded. -9 is most likely a lack of memory: give the loader 250 MB, then load the "
                    "hour again",
                ) from None
            except BaseException:
                self._process.kill()  # it may wait for a reader, and the feeder for it
                raise

    def _feed(self, origin: Origin, packed: Iterable[bytes]) -> None:
        try:
            self._requests.send_bytes(msgspec.msgpack.encode(origin))
            for piece in packed:
                self._requests.send_bytes(piece)
            self._requests.send_bytes(END)
        except BrokenPipeError:
            pass  # it has ended; its last answer or its status says why
        except BaseException:
            self._process.kill()
            raise


if __name__ == "__main__":
    main(Connection(0, writable=False), Connection(1, readable=False))
