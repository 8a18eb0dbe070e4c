"""How many messages a topic brought in each minute of an hour, and how many of them were sales."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tidemark.archive.event_type import OTHER

MINUTES = 60
MOST_TOPICS = 10_000
_TOPIC = re.compile(rb'"(collection:(?:\*|[A-Za-z0-9][A-Za-z0-9_.-]{0,127}))"')


class TopicCounts(msgspec.Struct, frozen=True):
    """The minutes of an hour in which a topic brought messages, as three columns of the same length.

    `minutes` are minutes of `received_at` within the hour, 0 to 59, in order; `messages` counts all messages of each,
    `sales` those that are sales.
    """

    minutes: tuple[int, ...] = ()
    messages: tuple[int, ...] = ()
    sales: tuple[int, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the columns fit each other."""
        ordered = all(one < other for one, other in zip((-1, *self.minutes), (*self.minutes, MINUTES), strict=True))
        same = len(self.minutes) == len(self.messages) == len(self.sales)
        return (
            ordered
            and same
            and all(0 <= sales <= messages > 0 for sales, messages in zip(self.sales, self.messages, strict=True))
        )


class MinuteCounts:
    """The same while it is counted: a number for each minute of the hour."""

    __slots__ = ("messages", "sales")

    def __init__(self) -> None:
        self.messages = [0] * MINUTES
        self.sales = [0] * MINUTES

    def counts(self) -> TopicCounts:
        """Return the minutes that had messages."""
        minutes = [minute for minute, messages in enumerate(self.messages) if messages]
        return TopicCounts(tuple(minutes), _at(minutes, self.messages), _at(minutes, self.sales))


def _at(minutes: Iterable[int], counts: Sequence[int]) -> tuple[int, ...]:
    return tuple(counts[minute] for minute in minutes)


def counted_topic(text: bytes) -> str:
    """Return the name under which a topic, given as its JSON text, is counted.

    That is its own, or `other` for one that no collection has: a hostile message puts no name of its own making into a
    manifest.
    """
    found = _TOPIC.fullmatch(text)
    return found[1].decode() if found else OTHER


def add_up(parts: Iterable[Mapping[str, TopicCounts]], named: Iterable[str] = ()) -> dict[str, TopicCounts]:
    """Add up the counts of segments. Where `named` is not empty, every topic outside it is counted as `other`."""
    kept = frozenset(named)
    summed: dict[str, MinuteCounts] = {}
    for part in parts:
        for topic, counts in part.items():
            total = summed.setdefault(topic if not kept or topic in kept else OTHER, MinuteCounts())
            for minute, messages, sales in zip(counts.minutes, counts.messages, counts.sales, strict=True):
                total.messages[minute] += messages
                total.sales[minute] += sales
    return {topic: total.counts() for topic, total in sorted(summed.items())}
