"""The hour: the UTC hour in which a collector received a message, and the one key of every run and file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

LENGTH = timedelta(hours=1)
_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}", re.ASCII)
_COMPACT = re.compile(r"[0-9]{8}T[0-9]{2}", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class Hour:
    """One UTC hour, `[start, end)`.

    `key` is `2026-11-22T15` (runs, settings, people), `compact` is `20261122T15` (file names).
    """

    start: datetime

    def __post_init__(self) -> None:
        start = self.start
        if start.tzinfo != UTC or (start.minute, start.second, start.microsecond) != (0, 0, 0):
            raise ValueError(f"{start.isoformat()} is not the start of a UTC hour")

    @classmethod
    def of(cls, at: datetime) -> Self:
        """Return the hour that contains an aware time."""
        if at.tzinfo is None:
            raise ValueError(f"{at.isoformat()} has no time zone; pass an aware time")
        return cls(at.astimezone(UTC).replace(minute=0, second=0, microsecond=0))

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read `2026-11-22T15`. Raises ValueError for anything else."""
        try:
            return cls(_read(key, _KEY, "%Y-%m-%dT%H"))
        except ValueError:
            raise ValueError(f"{key!r} is not an hour; write it in UTC as 2026-11-22T15") from None

    @classmethod
    def parse_compact(cls, text: str) -> Self:
        """Read `20261122T15`. Raises ValueError for anything else."""
        try:
            return cls(_read(text, _COMPACT, "%Y%m%dT%H"))
        except ValueError:
            raise ValueError(f"{text!r} is not an hour as files name it, such as 20261122T15") from None

    @property
    def key(self) -> str:
        """The hour as people and runs write it: `2026-11-22T15`."""
        return self.start.isoformat()[:13]

    @property
    def compact(self) -> str:
        """The hour as file names carry it: `20261122T15`."""
        return self.key.replace("-", "")

    @property
    def end(self) -> datetime:
        """The end of the hour, which is the start of the next."""
        return self.start + LENGTH

    def next(self) -> Self:
        """Return the hour after this one."""
        return type(self)(self.end)

    def previous(self) -> Self:
        """Return the hour before this one."""
        return type(self)(self.start - LENGTH)

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end

    def __str__(self) -> str:
        return self.key


def _read(text: str, form: re.Pattern[str], meaning: str) -> datetime:
    if not form.fullmatch(text):  # strptime alone is more generous
        raise ValueError(text)
    return datetime.strptime(text, meaning).replace(tzinfo=UTC)


def hours(first: Hour, last: Hour) -> Iterator[Hour]:
    """Yield every hour from `first` to `last`, both included; nothing when `last` is earlier."""
    hour = first
    while hour <= last:
        yield hour
        hour = hour.next()
