"""What became of each published message at one collector: on disk, in a gap, or lost in time that is claimed. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import NamedTuple

from tidemark.archive.manifest import Gap, Interval
from tidemark.simulator.ledger import Published

ALL = "collection:*"
TICK = 1e-6


class Loss(NamedTuple):
    """A message that is not on disk; times are epoch seconds."""

    at: float
    digest: str


@dataclass(frozen=True)
class Balance:
    """The account of one topic at one collector.

    `claimed` are lost in time that the collector calls covered, `unexplained` in time of which it says nothing.
    `lengths` are the gaps' seconds, `slack` for each how many of them held no loss: before the first lost message and
    after the last.
    """

    topic: str
    published: int
    kept: int
    in_gaps: int
    claimed: tuple[Loss, ...]
    unexplained: tuple[Loss, ...]
    lengths: tuple[float, ...]
    slack: tuple[float, ...]

    @property
    def good(self) -> bool:
        """Whether every message is on disk or in a gap."""
        return not self.claimed and not self.unexplained

    @property
    def tightness(self) -> str:
        """The median and the worst of the gaps' slack and of their lengths, in seconds."""
        return "   ".join(f"{median(one):.2f} / {max(one):.2f}" for one in (self.slack, self.lengths) if one)


def balance(
    topic: str, published: Iterable[Published], kept: set[str], covered: Iterable[Interval], gaps: Iterable[Gap]
) -> Balance:
    """Hold what was published on a topic, in order, against what is kept (digests), covered and missing of it.

    Time before the first and after the last message is left out.
    """
    wanted = [line for line in published if topic == ALL or line.collection is None or topic[11:] == line.collection]
    losses = [Loss(_epoch(line.at), line.digest) for line in wanted if line.digest not in kept]
    first, last = (_epoch(wanted[place].at) for place in (0, -1)) if wanted else (0.0, 0.0)
    claims, holes = (
        sorted(
            (max(span.start.timestamp(), first), min(span.end.timestamp(), last + TICK))
            for span in spans
            if span.topic == topic and span.start.timestamp() <= last and span.end.timestamp() > first
        )
        for spans in (covered, gaps)
    )
    claimed = [loss for loss in losses if _within(loss.at, claims)]
    explained = [loss for loss in losses if _within(loss.at, holes)]
    unexplained = [loss for loss in losses if not _within(loss.at, claims) and not _within(loss.at, holes)]
    times = sorted(loss.at for loss in losses)
    joined = _joined(holes)
    return Balance(
        topic=topic,
        published=len(wanted),
        kept=len(wanted) - len(losses),
        in_gaps=len(explained),
        claimed=tuple(claimed),
        unexplained=tuple(unexplained),
        lengths=tuple(end - start for start, end in joined),
        slack=tuple(_slack(gap, times) for gap in joined),
    )


def runs(losses: Iterable[Loss], apart: float = 1.0) -> list[tuple[float, float, int]]:
    """Group losses into runs: the first and the last time of each, and how many they are."""
    found: list[tuple[float, float, int]] = []
    for at in sorted(loss.at for loss in losses):
        if found and at - found[-1][1] < apart:
            found[-1] = found[-1][0], at, found[-1][2] + 1
        else:
            found.append((at, at, 1))
    return found


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _within(at: float, spans: Sequence[tuple[float, float]]) -> bool:
    place = bisect_right(spans, (at, float("inf")))
    return place > 0 and spans[place - 1][0] <= at < spans[place - 1][1]


def _joined(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return gaps that touch as one."""
    joined: list[tuple[float, float]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _slack(gap: tuple[float, float], losses: Sequence[float]) -> float:
    inside = losses[bisect_left(losses, gap[0]) : bisect_left(losses, gap[1])]
    return gap[1] - gap[0] - (inside[-1] - inside[0] if inside else 0.0)
