"""Which windows an audit asks for: all that are due where the budget is enough, else a fair sample. Pure.

A choice never depends on what the collectors received or missed, only on the seed and on what a window is expected to
cost, so that the loss among the sales of the windows asked for is an estimate of the loss among all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from operator import attrgetter
from random import Random

from tidemark.core.hour import LENGTH, Hour
from tidemark.loader.repair.window import MARKET, PAGE, GapWindow

# An hour of the whole market that is too long for the budget is cut into parts of five minutes.
PARTS = 12


@dataclass(frozen=True, slots=True)
class DueHour:
    """A settled hour that was not audited: the sales that the warehouse has of each topic that was recorded in it."""

    hour: Hour
    sales: Mapping[str, int]


@dataclass(frozen=True, order=True, slots=True)
class Drawn:
    """A window that was chosen, with the requests that it is expected to take."""

    window: GapWindow
    requests: int


def draw(due: Sequence[DueHour], budget: int, seed: int) -> list[Drawn]:
    """Return the windows to ask for, in the order in which to ask.

    The newest hour comes first. Where the budget is not enough for all, the hours after it are drawn at random; of the
    hour that does not fit in what is left, collections are drawn at random, or parts of five minutes where the whole
    market was recorded.
    """
    random, left, drawn = Random(seed), budget, list[Drawn]()  # noqa: S311 (a sample, not a secret)
    hours = sorted(due, key=attrgetter("hour"), reverse=True)
    if sum(_cost(_whole(hour)) for hour in hours) > budget:
        rest = hours[1:]
        random.shuffle(rest)
        hours = [*hours[:1], *rest]
    for hour in hours:
        windows = _whole(hour)
        if _cost(windows) > left:
            windows = _sample(_parts(hour), left, random)
        drawn += windows
        left -= _cost(windows)
        if left <= 0:
            break
    return drawn


def _whole(due: DueHour) -> list[Drawn]:
    """Return an hour's topics, each as one window; who records the whole market is asked about it, and nothing else."""
    topics = [MARKET] if MARKET in due.sales else sorted(due.sales)
    return [
        Drawn(GapWindow(due.hour, topic, due.hour.start, due.hour.end), _requests(due.sales[topic])) for topic in topics
    ]


def _parts(due: DueHour) -> list[Drawn]:
    if MARKET not in due.sales:
        return _whole(due)
    length = LENGTH / PARTS
    requests = _requests(due.sales[MARKET] / PARTS)
    starts = [due.hour.start + number * length for number in range(PARTS)]
    return [Drawn(GapWindow(due.hour, MARKET, start, start + length), requests) for start in starts]


def _sample(windows: list[Drawn], budget: int, random: Random) -> list[Drawn]:
    """Return windows in random order up to the first that does not fit; passing it over would favour small ones."""
    random.shuffle(windows)
    taken: list[Drawn] = []
    for each in windows:
        if taken and _cost(taken) + each.requests > budget:
            break
        taken.append(each)
    return taken


def _cost(windows: Sequence[Drawn]) -> int:
    return sum(each.requests for each in windows)


def _requests(sales: float) -> int:
    """Return the pages that this many sales fill, with room for those that were missed and for the minutes before."""
    return max(1, ceil(sales * 1.1 / PAGE))
