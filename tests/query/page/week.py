"""A week as two collectors recorded it, with a gap of each kind, loaded into a warehouse as production does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from tests.loader.recording import TOPIC, Recording
from tidemark.archive.manifest import Gap, Interval
from tidemark.archive.record import record_line
from tidemark.core.hour import LENGTH, Hour, hours
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.simulator.market.market import Market

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST, LAST = Hour.parse("2026-11-16T00"), Hour.parse("2026-11-22T20")
NOW = datetime(2026, 11, 22, 22, 10, tzinfo=UTC)
NEVER_LOADED = {Hour.parse("2026-11-18T07"), Hour.parse("2026-11-18T08")}
BOTH_LOST = Hour.parse("2026-11-22T15")  # neither collector was connected from minute 20 to minute 32
NOTHING = Hour.parse("2026-11-20T03")  # neither ran
COLLECTORS = ("collector-a", "collector-b")
Outage = tuple[float, float, str]


def outages(hour: Hour, collector: str) -> list[Outage]:
    """Return when a collector was away in an hour: from and to in minutes, and why."""
    if hour == NOTHING:
        return [(0, 60, "not_running")]
    if hour == BOTH_LOST:
        away = {"collector-a": (18, 32, "connection_lost"), "collector-b": (20, 35, "server_error")}
        return [away[collector]]
    rng = Random(f"{hour} {collector}")
    if rng.random() < 0.12:
        start = rng.uniform(5, 40)
        return [
            (start, start + rng.uniform(0.5, 12), rng.choice(["connection_lost", "process_died", "closed_by_server"]))
        ]
    return []


def record(s3: "S3Client", bucket: str, first: Hour = FIRST, last: Hour = LAST, seed: int = 19) -> list[Hour]:
    """Put the hours of a range into the archive, and return them."""
    market = Market(seed, sales_share=0.35)
    recorded = [hour for hour in hours(first, last) if hour not in NEVER_LOADED]
    for hour in recorded:
        messages = list(_messages(market, hour, 40 + int(30 * abs(hour.start.hour - 4) / 4)))
        for collector in COLLECTORS:
            away = [_times(hour, outage) for outage in outages(hour, collector)]
            recording = Recording(
                collector, hour, covered=list(_covered(hour, away)), gaps=[Gap(TOPIC, *each) for each in away]
            )
            for at, body in messages:
                if not any(start <= at < end for start, end, _ in away):
                    recording.receive(record_line(format_timestamp(at), TOPIC, body))
            recording.put(s3, bucket)
    return recorded


def load(settings: LoaderSettings, recorded: list[Hour]) -> None:
    """Load the hours."""
    for hour in recorded:
        load_hour(hour, settings)


def _messages(market: Market, hour: Hour, count: int) -> Iterator[tuple[datetime, bytes]]:
    for number in range(count):
        at = hour.start + LENGTH * (number + 0.5) / count
        yield at, market.next(at - timedelta(seconds=1)).body


def _times(hour: Hour, outage: Outage) -> tuple[datetime, datetime, str]:
    return hour.start + timedelta(minutes=outage[0]), hour.start + timedelta(minutes=outage[1]), outage[2]


def _covered(hour: Hour, away: list[tuple[datetime, datetime, str]]) -> Iterator[Interval]:
    at = hour.start
    for start, end, _ in away:
        if at < start:
            yield Interval(TOPIC, at, start)
        at = end
    if at < hour.end:
        yield Interval(TOPIC, at, hour.end)
