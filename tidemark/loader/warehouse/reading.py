"""All objects of an hour read: those of a large one by several processes, each of which gets as much of them."""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack

from msgspec.structs import replace

from tidemark.archive.manifest import Segment
from tidemark.archive.names import REPAIR_PREFIX
from tidemark.loader.verified import unpacked
from tidemark.loader.warehouse.file import File
from tidemark.loader.warehouse.process import ReadingProcess
from tidemark.loader.warehouse.rows import Origin, Rows, rows_of

MOST_PROCESSES = 3  # each takes 65 MB
_UNPACKED_AS_ONE_READ = 6  # bytes that are unpacked and passed over in the time that one is read
WORTH_A_PROCESS = 64 << 20  # bytes of record lines; less are read sooner than a process begins


def read_files(
    take: Callable[[File, Iterable[Rows]], None],
    files: list[File],
    packed: Callable[[Segment], Iterable[bytes]],
    worth_a_process: int,
    cores: int = os.cpu_count() or 1,
) -> None:
    """Read all objects of an hour; `take` gets each of them, or parts of it. Raises what the first to fail raises."""
    processes = min(MOST_PROCESSES, cores)
    size = sum(file.origin.segment.bytes for file in files)
    if files and processes > 1 and size >= worth_a_process:
        _read_by_processes(take, files, packed, shares([file.origin for file in files], processes, size // 64))
        return
    for file in files:
        origin = file.origin
        take(file, rows_of(origin, unpacked(packed(origin.segment), origin.segment)))


def _read_by_processes(
    take: Callable[[File, Iterable[Rows]], None],
    files: list[File],
    packed: Callable[[Segment], Iterable[bytes]],
    given: list[list[Origin]],
) -> None:
    by_number = {file.origin.number: file for file in files}
    for number, file in by_number.items():
        file.parts = sum(part.number == number for share in given for part in share)

    def read(process: ReadingProcess, share: list[Origin]) -> None:
        for part in share:
            take(by_number[part.number], process.rows(part, packed(part.segment)))

    with ExitStack() as begun, ThreadPoolExecutor(len(given)) as threads:
        readers = [(begun.enter_context(ReadingProcess()), share) for share in given]
        try:
            for ended in as_completed([threads.submit(read, *reader) for reader in readers]):
                ended.result()
        except BaseException:
            for process, _ in readers:  # the other threads end by that, too
                process.kill()
            raise


def shares(origins: Sequence[Origin], processes: int, least: int) -> list[list[Origin]]:
    """Share objects out, in their order, so that each process has as much to do.

    An object that comes between two shares is cut, for no piece of less than `least` bytes. What a repair run fetched
    is not: in it each answer is counted by itself. Both who read an object unpack it from its beginning, so the share
    that begins in the midst of one is smaller.
    """
    size = sum(origin.segment.bytes for origin in origins)
    rooms = range(-(-size // processes), size + 1)
    enough = bisect_left(rooms, True, key=lambda room: _shared_out(origins, processes, room, least)[1] >= 0)
    return _shared_out(origins, processes, rooms[enough], least)[0]


def _shared_out(origins: Sequence[Origin], processes: int, each: int, least: int) -> tuple[list[list[Origin]], int]:
    """Give each process as much as it has room for, the last one all that is left; return the room that it has left."""
    found: list[list[Origin]] = [[]]
    room = each
    for origin in origins:
        start, size = 0, origin.segment.bytes
        is_whole = origin.collector.startswith(REPAIR_PREFIX)
        while len(found) < processes and room < (1 if is_whole else size - start - least):
            if room > least and not is_whole:
                found[-1].append(replace(origin, start=start, end=start + room))
                start += room
            found.append([])
            room = each - start // _UNPACKED_AS_ONE_READ
        found[-1].append(replace(origin, start=start))
        room -= size - start
    return found, room
