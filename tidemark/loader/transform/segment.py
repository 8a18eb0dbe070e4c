"""A segment, as it is unpacked chunk by chunk → what its lines are, in blocks of bounded size."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice

from msgspec.structs import replace

from tidemark.archive.event_type import SALE
from tidemark.archive.record import LONGEST_LINE, count_lines, line_from
from tidemark.loader.transform.market import Market
from tidemark.loader.transform.outcome import Reason, Reject, rejected
from tidemark.loader.transform.read import Found, outcome_of, scan
from tidemark.loader.transform.sale import Sale, SoldAtSource
from tidemark.loader.transform.values import AHEAD

# Chunks in a block. Each is decoded as soon as it is unpacked, while a core has it close; the few sales wait for one
# another, for what a core needs to work them out is far away after each chunk: alone, one takes a third longer.
TOGETHER = 16
_KEPT = 1 << 16
_MOST_AFTER = timedelta(hours=1) + AHEAD
_NO_JSON = b"\x00\n"  # behind a line that was cut, so that it is a reject whatever its beginning holds
_Texts = Sequence[bytes | memoryview]


@dataclass(slots=True)
class Block:
    """What some successive lines of a segment are.

    `first` is the number of the first of them in the segment, from 1; `sales` and `rejects` carry their lines' numbers.
    `lines` is always the sum of sales, rejects and others.
    """

    first: int
    lines: int = 0
    sales: list[tuple[int, Sale]] = field(default_factory=list)
    rejects: list[tuple[int, bytes, Reject]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def read_segment(
    chunks: Iterable[bytes], market: Market, *, start: int = 0, longest: int = LONGEST_LINE
) -> Iterator[Block]:
    """Read the bytes of a segment, however they are cut into chunks. Other events go to `market`. Never raises.

    Chunks of a quarter of a megabyte are quick and small; a line may span any number of them. One of more
    than `longest` bytes becomes a reject, of which the beginning is kept. Lines that begin before the byte `start` are
    counted and nothing else.
    """
    before, chunks = _lines_from(start, chunks) if start else (0, chunks)
    pieces = _whole_lines(chunks, longest)
    first = 1 + before
    while (block := _block(first, islice(pieces, TOGETHER), market)).lines:
        yield block
        first += block.lines


def _lines_from(start: int, chunks: Iterable[bytes]) -> tuple[int, Iterable[bytes]]:
    """Return how many lines end before the first that begins at `start` or behind it, and what is from there on."""
    rest, lines, size = iter(chunks), 0, 0
    for chunk in rest:
        if begin := line_from(chunk, start - size):
            return lines + count_lines(chunk[:begin]), chain((chunk[begin:],), rest)
        lines += count_lines(chunk)
        size += len(chunk)
    return lines, ()


def _whole_lines(chunks: Iterable[bytes], longest: int) -> Iterator[tuple[_Texts, int]]:
    """Yield texts that end with a line, and how many lines they have; only a line that was cut is copied for that."""
    waiting: list[bytes] = []  # the pieces of a line whose end was not read yet
    size = 0
    for chunk in chunks:
        begin, end = chunk.find(b"\n") + 1, chunk.rfind(b"\n") + 1
        if not end:
            waiting.append(chunk)
            size += len(chunk)
            if size > longest:  # no collector writes such a line: its beginning is kept
                waiting = [b"".join(waiting)[:_KEPT]]
            continue
        line = b"".join((*waiting, chunk[:begin]))
        if size + begin > longest:
            line = line[:_KEPT] + _NO_JSON
        yield (line, memoryview(chunk)[begin:end]), count_lines(chunk)
        waiting, size = [chunk[end:]], len(chunk) - end
    if size:
        line = b"".join(waiting)
        yield (line[:_KEPT] + _NO_JSON if size > longest else line + b"\n",), 1


def _block(first: int, pieces: Iterable[tuple[_Texts, int]], market: Market) -> Block:
    block = Block(first)
    waiting: list[tuple[int, _Texts, list[tuple[int, Found]]]] = []
    for texts, count in pieces:
        others, found = scan(texts, count, market)
        block.others.update(others)
        if found:  # what has nothing more to tell need not be kept
            waiting.append((first + block.lines, texts, found))
        block.lines += count
    for place in waiting:
        _take(block, *place, market.hour)
    return block


def _take(block: Block, first: int, texts: _Texts, found: list[tuple[int, Found]], hour: datetime) -> None:
    lines: list[bytes] = []
    latest = hour + _MOST_AFTER
    for place, each in found:
        outcome = outcome_of(each)
        if isinstance(outcome, Sale) and outcome.sold_at > latest:
            outcome = _in_time(outcome, hour, latest)
        if isinstance(outcome, Sale):
            block.sales.append((first + place, outcome))
        else:
            lines = lines or b"".join(texts).split(b"\n")
            block.rejects.append((first + place, lines[place], outcome))


def _in_time(sale: Sale, hour: datetime, latest: datetime) -> Sale | Reject:
    """Take no time of more than a day after the hour: loads look for a sale only in the months since it was sold."""
    if sale.event_at and sale.event_at <= latest:
        return replace(sale, sold_at=sale.event_at, sold_at_source=SoldAtSource.EVENT)
    return rejected(SALE, Reason.OUT_OF_RANGE, f"sold at {sale.sold_at}, but received in the hour {hour}")
