"""The program that reads objects for a load: packed bytes come in, rows go out. See `process`, which begins it.

It needs neither S3 nor the warehouse and imports little, for three of them begin with each large hour.
"""

from multiprocessing.connection import Connection

import msgspec

from tidemark.core.errors import Problem
from tidemark.loader.verified import unpacked
from tidemark.loader.warehouse.rows import Origin, Rows, rows_of

END = b""  # an object's last message, in both directions


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A Problem, told by the process that met it."""

    what: str
    hint: str


Told = Rows | Refused
_origin = msgspec.msgpack.Decoder(Origin)


def main(asked: Connection, told: Connection) -> None:
    """Read objects until nothing more is asked; one that is not what its manifest says is the last."""
    try:
        while True:
            origin = _origin.decode(asked.recv_bytes())
            for rows in rows_of(origin, unpacked(iter(asked.recv_bytes, END), origin.segment)):
                told.send_bytes(msgspec.msgpack.encode(rows))
            told.send_bytes(END)
    except Problem as problem:
        told.send_bytes(msgspec.msgpack.encode(Refused(problem.what, problem.hint)))
    except (EOFError, BrokenPipeError):
        return  # whoever asked is gone


if __name__ == "__main__":
    main(Connection(0, writable=False), Connection(1, readable=False))
