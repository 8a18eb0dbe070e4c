"""A segment, as it is unpacked chunk by chunk → what its lines are, in blocks of bounded size."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from loader.transform.outcome import Reject
from loader.transform.read import read_lines
from loader.transform.sale import Sale


@dataclass(slots=True)
class Block:
    """What some successive lines of a segment are.

    `first` is the number of the first of them in the segment, from 1; `sales` and `rejects` carry their lines' numbers.
    `lines` is always the sum of sales, rejects and others.
    """

    first: int
    lines: int
    sales: list[tuple[int, Sale]] = field(default_factory=list)
    rejects: list[tuple[int, bytes, Reject]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def read_segment(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Read the bytes of a segment, however they are cut into chunks. Never raises by itself.

    Chunks of about a megabyte are quick and small; a line may span any number of them.
    """
    first, rest = 1, b""
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest += chunk
            continue
        block = _block(first, b"".join((rest, memoryview(chunk)[:end])))
        yield block
        first, rest = first + block.lines, chunk[end:]
    if rest:
        yield _block(first, rest + b"\n")


def _block(first: int, text: bytes) -> Block:
    others, found = read_lines(text)
    block = Block(first, others.total() + len(found), others=others)
    lines: list[bytes] = []
    for place, outcome in found:
        if isinstance(outcome, Sale):
            block.sales.append((first + place, outcome))
        else:
            lines = lines or text.split(b"\n")
            block.rejects.append((first + place, lines[place], outcome))
    return block
