"""The parameters of a question: their types, their defaults, and the text a person gives for them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

from archive.hour import LENGTH, Hour
from archive.moment import parse_moment
from archive.problem import Problem

Value = str | int | datetime | None

_FORM = re.compile(r"(?P<name>[a-z]+) (?P<type>text|integer|start|end)(?: = (?P<default>[^;]+))?; (?P<about>.+)")
_RELATIVE = re.compile(r"newest(?:-(?P<days>[0-9]+)d)?")
_LARGEST = 1_000_000
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `default` is its text, None when the parameter has to be given.

    Types: `text`; `integer` from 1 to a million; `start` and `end`, a moment given as `2026-11-22`, `2026-11-22T15` or
    an ISO 8601 time with a zone, in UTC. A day or an hour that is an `end` is included. Defaults may also be `null`,
    `oldest`, `newest` (the end of the newest archive hour that was loaded) and `newest-7d`.
    """

    name: str
    type: str
    default: str | None
    about: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `limit integer = 20; so many rows`. Raises ValueError for any other form."""
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
        """Return the default's value, given the end of the newest archive hour that was loaded.

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
            return newest - timedelta(days=int(relative["days"] or 0))
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
    values = {
        parameter.name: parameter.read(given[parameter.name]) if parameter.name in given else parameter.fallback(newest)
        for parameter in parameters
    }
    match values:
        case {"from": datetime() as start, "to": datetime() as end} if start >= end and {"from", "to"} <= set(given):
            raise Problem(f"--from {given['from']} is not before --to {given['to']}", "Exchange the two")
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


def _start(text: str) -> datetime:
    return _moment(text)[0]


def _end(text: str) -> datetime:
    start, length = _moment(text)
    return start + length


def _moment(text: str) -> tuple[datetime, timedelta]:
    """Read a day, an hour or a moment as its start and its length."""
    if len(text) == len("2026-11-22"):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC), timedelta(days=1)
    if len(text) == len("2026-11-22T15"):
        return Hour.parse(text).start, LENGTH
    return parse_moment(text), timedelta(0)


_READERS: dict[str, Callable[[str], Value]] = {"text": _text, "integer": _integer, "start": _start, "end": _end}
_EXPECTED = {
    "text": ("a text", "TEXT"),
    "integer": (f"a whole number from 1 to {_LARGEST}", "20"),
    "start": ("a UTC day, hour or time", "2026-11-22 or 2026-11-22T15"),
    "end": ("a UTC day, hour or time", "2026-11-22 or 2026-11-22T15"),
}
