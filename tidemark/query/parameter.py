"""The parameters of a question: their types, their defaults, and the text a person gives for them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Self

from tidemark.core.errors import Problem
from tidemark.core.hour import LENGTH, Hour
from tidemark.core.timestamps import parse_timestamp

Value = str | int | datetime | None

_FORM = re.compile(
    r"(?P<name>[a-z]+) (?P<type>text|integer|(?:start|end)(?:-hour|-day)?)(?: = (?P<default>[^;]+))?; (?P<about>.+)"
)
_RELATIVE = re.compile(r"newest(?:-(?P<days>[0-9]+)d)?")
_LARGEST = 1_000_000
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `default` is its text, None when the parameter has to be given.

    Types: `text`; `integer` from 1 to a million; `start` and `end`, a time given as `2026-11-22`, `2026-11-22T15` or
    an ISO 8601 time with a zone, in UTC; `start-hour`, `end-hour`, `start-day` and `end-day`, the same where an answer
    is made of whole ones; none before the year 2000. A day or an hour that is an end is included. Defaults may also be
    `null`, `oldest`, `newest` (the end of the newest archive hour that was loaded, or of what was given; of its day for
    `end-day`) and `newest-7d`, the start of the day that was 7 days before.
    """

    name: str
    type: str
    default: str | None
    about: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `limit integer = 20; at most this many rows`. Raises ValueError for any other form."""
        if not (found := _FORM.fullmatch(text)):
            raise ValueError(f"{text!r} is not a parameter; write it as: NAME TYPE = DEFAULT; what it means")
        return cls(found["name"], found["type"], found["default"], found["about"])

    def read(self, text: str) -> Value:
        """Return the value that a person's text means. Raises Problem for a text of another type."""
        try:
            return _READERS[self.type](text)
        except (ValueError, OverflowError):
            raise Problem(f"--{self.name} {text!r} is not {_EXPECTED[self.type][0]}",
                          f"Write it as --{self.name} {_EXPECTED[self.type][1]}") from None  # fmt: skip

    def fallback(self, newest: datetime) -> Value:
        """Return the default's value, given the end of what is asked for: by itself, of what was loaded.

        Raises Problem for a parameter that has to be given.
        """
        if self.default is None:
            raise Problem(f"--{self.name} is missing: {self.about}",
                          f"Add it, such as --{self.name} {_EXPECTED[self.type][1]}")  # fmt: skip
        if self.default == "null":
            return None
        if self.default == "oldest":
            return _OLDEST
        if relative := _RELATIVE.fullmatch(self.default):
            if relative["days"]:
                return newest - timedelta(days=int(relative["days"])) - (newest - _OLDEST) % _DAY
            return newest + (_OLDEST - newest) % _DAY if self.type == "end-day" else newest
        return self.read(self.default)


def values_of(parameters: Sequence[Parameter], given: Mapping[str, str], newest: datetime) -> dict[str, Value]:
    """Return every parameter's value: what was given, else its default.

    Raises Problem for a parameter that is unknown, missing or of another type, and for a range that runs backwards.
    """
    names = {parameter.name for parameter in parameters}
    for name in given:
        if name not in names:
            known = ", ".join(f"--{known}" for known in sorted(names))
            raise Problem(f"this question has no parameter --{name}", f"It has {known or 'none'}")
    read = {
        parameter.name: parameter.read(given[parameter.name]) for parameter in parameters if parameter.name in given
    }
    end = read.get("to")
    asked_to = end if isinstance(end, datetime) else newest
    values = {each.name: read[each.name] if each.name in read else each.fallback(asked_to) for each in parameters}
    match values:
        case {"from": datetime() as start, "to": datetime() as end} if start >= end and "to" in given:
            raise Problem(f"--from {given.get('from', start)} is not before --to {given['to']}", "Exchange the two")
        case {"from": datetime() as start, "to": datetime() as end} if start >= end:
            raise Problem(f"--from {given.get('from', start)} is after all that was loaded, which ends at {end}",
                          "Ask for an earlier time, or load the hours since")  # fmt: skip
    return values


def _text(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError("empty, or not text for PostgreSQL")
    return text


def _integer(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _LARGEST:
        raise ValueError("out of range")
    return number


def _start(text: str, unit: timedelta = timedelta.resolution) -> datetime:
    return _whole(_interval(text)[0], unit)


def _end(text: str, unit: timedelta = timedelta.resolution) -> datetime:
    start, length = _interval(text)
    return _whole(start + length, unit)


def _whole(moment: datetime, unit: timedelta) -> datetime:
    if (moment - _OLDEST) % unit:
        raise ValueError(f"not on a whole {unit}")
    return moment


def _interval(text: str) -> tuple[datetime, timedelta]:
    """Read a day, an hour or a time as its start and its length. Raises ValueError, also before the year 2000."""
    if len(text) == len("2026-11-22"):
        start, length = datetime.combine(date.fromisoformat(text), time(), UTC), _DAY
    elif len(text) == len("2026-11-22T15"):
        start, length = Hour.parse(text).start, LENGTH
    else:
        start, length = parse_timestamp(text), timedelta(0)
    if start < _OLDEST:
        raise ValueError("before the year 2000")
    return start, length


_READERS: dict[str, Callable[[str], Value]] = {
    "text": _text,
    "integer": _integer,
    "start": _start,
    "end": _end,
    "start-hour": partial(_start, unit=LENGTH),
    "end-hour": partial(_end, unit=LENGTH),
    "start-day": partial(_start, unit=_DAY),
    "end-day": partial(_end, unit=_DAY),
}
_TIME = (
    "a UTC day, hour or time with its zone, from the year 2000 on",
    "2026-11-22, 2026-11-22T15 or 2026-11-22T15:04Z",
)
_HOUR = ("a UTC day or hour, of which this answer is made, from the year 2000 on", "2026-11-22 or 2026-11-22T15")
_WHOLE_DAY = ("a UTC day, of which this answer is made, from the year 2000 on", "2026-11-22")
_EXPECTED = {
    "text": ("a text", "TEXT"),
    "integer": (f"a whole number from 1 to {_LARGEST}", "20"),
    "start": _TIME,
    "end": _TIME,
    "start-hour": _HOUR,
    "end-hour": _HOUR,
    "start-day": _WHOLE_DAY,
    "end-day": _WHOLE_DAY,
}
