"""The parameters of a question: their types, their defaults, and the text a person gives for them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Self

from tidemark.core.errors import Problem, UsageError
from tidemark.core.hour import LENGTH, Hour
from tidemark.query.names import chain_of

Value = str | int | datetime | None

_FORM = re.compile(
    r"(?P<name>[a-z]+) (?P<type>text|integer|(?:start|end)(?:-hour|-day)?)(?: = (?P<default>[^;]+))?; (?P<about>.+)"
)
_RELATIVE = re.compile(r"newest(?:-(?P<days>[0-9]+)d)?")
_ABSOLUTE = re.compile(
    r"(?P<day>[0-9]{4}-?(?:[0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9]))(?:[Tt ](?P<hour>[0-9]{2})(?P<minutes>:.+)?)?", re.ASCII
)
_AGO = re.compile(r"(?P<count>[0-9]{1,5})(?P<unit>[dh])", re.ASCII)
_LARGEST = 1_000_000
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `default` is its text, None when the parameter has to be given.

    Types: `text`; `integer` from 1 to a million; `start` and `end`, a time given as a day (`2026-11-22`, `20261122`,
    `2026-W47-7`), an hour (such a day with `T15`), an ISO 8601 time with minutes, in UTC where it has no zone,
    `today`, `yesterday`, `7d` (the day seven days ago) or `12h` (the hour twelve hours ago); `start-hour`, `end-hour`,
    `start-day` and `end-day`, the same where an answer is made of whole ones; none before the year 2000. A day or an
    hour that is an end is included. Defaults may also be `null`, `oldest`, `newest` (the end of the newest archive
    hour that was loaded, or of what was given; of its day for `end-day`) and `newest-7d`, the start of the day that
    was 7 days before. A text named `chain` takes any spelling of it.
    """

    name: str
    type: str
    default: str | None
    about: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `limit integer = 20; how many rows`. Raises ValueError for any other form."""
        if not (found := _FORM.fullmatch(text)):
            raise ValueError(f"{text!r} is not a parameter; write it as: NAME TYPE = DEFAULT; what it means")
        return cls(found["name"], found["type"], found["default"], found["about"])

    def read(self, text: str, now: datetime) -> Value:
        """Return the value that a person's text means at a moment. Raises UsageError for a text of another type."""
        try:
            value = _READERS[self.type](text, now)
        except (ValueError, OverflowError):
            raise UsageError(f"--{self.name} {text!r} is not {_EXPECTED[self.type][0]}",
                          f"Write it as --{self.name} {_EXPECTED[self.type][1]}") from None  # fmt: skip
        if self.name == "chain" and isinstance(value, str):
            return chain_of(value)
        return value

    def fallback(self, newest: datetime) -> Value:
        """Return the default's value, given the end of what is asked for: by itself, of what was loaded.

        Raises UsageError for a parameter that has to be given.
        """
        if self.default is None:
            raise UsageError(f"--{self.name} is missing: {self.about}",
                          f"Add it, such as --{self.name} {_EXPECTED[self.type][1]}")  # fmt: skip
        if self.default == "null":
            return None
        if self.default == "oldest":
            return OLDEST
        if relative := _RELATIVE.fullmatch(self.default):
            if relative["days"]:
                return newest - timedelta(days=int(relative["days"])) - (newest - OLDEST) % _DAY
            return newest + (OLDEST - newest) % _DAY if self.type == "end-day" else newest
        return self.read(self.default, newest)


def values_of(
    parameters: Sequence[Parameter], given: Mapping[str, str], newest: datetime, now: datetime
) -> dict[str, Value]:
    """Return every parameter's value: what was given, else its default.

    Raises UsageError for a parameter that is unknown, missing or of another type, and for a range that runs backwards,
    and Problem for one that is after all that was loaded.
    """
    names = {parameter.name for parameter in parameters}
    for name in given:
        if name not in names:
            known = ", ".join(f"--{known}" for known in sorted(names))
            raise UsageError(f"this question has no parameter --{name}", f"It has {known or 'none'}")
    read = {
        parameter.name: parameter.read(given[parameter.name], now)
        for parameter in parameters
        if parameter.name in given
    }
    end = read.get("to")
    asked_to = end if isinstance(end, datetime) else newest
    values = {each.name: read[each.name] if each.name in read else each.fallback(asked_to) for each in parameters}
    match values:
        case {"from": datetime() as start, "to": datetime() as end} if start >= end and "to" in given:
            raise UsageError(f"--from {given.get('from', start)} is not before --to {given['to']}", "Exchange the two")
        case {"from": datetime() as start, "to": datetime() as end} if start >= end:
            loaded = Hour.of(newest).previous()
            raise Problem(f"--from {given.get('from', start)} is after the last loaded hour, {loaded}",
                          "Ask for an earlier time, or load the hours since")  # fmt: skip
    return values


def interval(text: str, now: datetime) -> tuple[datetime, timedelta]:
    """Read a day, an hour or a time as its start, in UTC, and its length, which is 0 for a time.

    Relative ones are counted from `now`. Raises ValueError for anything else, also for a time before the year 2000, and
    OverflowError for one that is out of Python's range.
    """
    start, length = _relative(text, now) or _absolute(text)
    if start < OLDEST:
        raise ValueError("before the year 2000")
    return start, length


def _text(text: str, _: datetime) -> str:
    if not text or "\0" in text:
        raise ValueError("empty, or not text for PostgreSQL")
    return text


def _integer(text: str, _: datetime) -> int:
    number = int(text)
    if not 1 <= number <= _LARGEST:
        raise ValueError("out of range")
    return number


def _start(text: str, now: datetime, unit: timedelta = timedelta.resolution) -> datetime:
    return _whole(interval(text, now)[0], unit)


def _end(text: str, now: datetime, unit: timedelta = timedelta.resolution) -> datetime:
    start, length = interval(text, now)
    return _whole(start + length, unit)


def _whole(moment: datetime, unit: timedelta) -> datetime:
    if (moment - OLDEST) % unit:
        raise ValueError(f"not on a whole {unit}")
    return moment


def _relative(text: str, now: datetime) -> tuple[datetime, timedelta] | None:
    ago = {"today": "0d", "yesterday": "1d"}.get(text.lower(), text.lower())
    if not (found := _AGO.fullmatch(ago)):
        return None
    length = _DAY if found["unit"] == "d" else LENGTH
    return now - (now - OLDEST) % length - int(found["count"]) * length, length


def _absolute(text: str) -> tuple[datetime, timedelta]:
    # Python reads any separator, and a week or an hour with a zone as the moment at which it begins
    if not (found := _ABSOLUTE.fullmatch(text)):
        raise ValueError("neither a day, an hour nor a time")
    if found["minutes"]:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), timedelta(0)
    start = datetime.combine(date.fromisoformat(found["day"]), time(int(found["hour"] or 0)), UTC)
    return start, LENGTH if found["hour"] else _DAY


_READERS: dict[str, Callable[[str, datetime], Value]] = {
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
    "a UTC day, hour or time, from the year 2000 on",
    "2026-11-22, 2026-11-22T15, 2026-11-22T15:04, yesterday or 7d",
)
_HOUR = (
    "a UTC day or hour, of which this answer is made, from the year 2000 on",
    "2026-11-22, 2026-11-22T15, yesterday or 7d",
)
_WHOLE_DAY = ("a UTC day, of which this answer is made, from the year 2000 on", "2026-11-22, yesterday or 7d")
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
