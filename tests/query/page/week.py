"""A week as two collectors recorded it, with a gap of each kind, loaded into a warehouse as production does."""

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

from tidemark.archive.manifest import Gap
from tidemark.core.hour import Hour, hours
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.local.demo.week import gap, messages, put_hour
from tidemark.simulator.market.market import Market

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST, LAST = Hour.parse("2026-11-16T00"), Hour.parse("2026-11-22T20")
NOW = datetime(2026, 11, 22, 22, 10, tzinfo=UTC)
NEVER_LOADED = {Hour.parse("2026-11-18T07"), Hour.parse("2026-11-18T08")}
BOTH_LOST = Hour.parse("2026-11-22T15")  # neither collector was connected from minute 20 to minute 32
NOTHING = Hour.parse("2026-11-20T03")  # neither ran
COLLECTORS = ("collector-a", "collector-b")


def away(hour: Hour) -> dict[str, list[Gap]]:
    """Return when each collector was away in an hour."""
    return {collector: [gap(hour, *each) for each in _away(hour, collector)] for collector in COLLECTORS}


def _away(hour: Hour, collector: str) -> list[tuple[float, float, str]]:
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
        put_hour(s3, bucket, hour, messages(market, hour, 40 + int(30 * abs(hour.start.hour - 4) / 4)), away(hour))
    return recorded


def load(settings: LoaderSettings, recorded: list[Hour]) -> None:
    """Load the hours."""
    for hour in recorded:
        load_hour(hour, settings)
