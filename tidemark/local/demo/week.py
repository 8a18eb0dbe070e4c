"""The week before the demo's hours: made by the simulator's market, put into the archive and loaded, not recorded.

`python -P -m tidemark.local.demo.week FIRST LAST` takes the loader's settings from the environment.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from math import pi, sin
from random import Random
from typing import TYPE_CHECKING

from collector.upload.packing import pack
from tidemark.archive.manifest import Gap, Interval, Manifest, Segment, print_manifest
from tidemark.archive.names import ManifestKey, ObjectKey, SegmentName
from tidemark.archive.reasons import Reason
from tidemark.archive.record import record_line
from tidemark.core.hour import LENGTH, Hour, hours
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.s3 import archive_client
from tidemark.loader.settings import LoaderSettings
from tidemark.local.environment import COLLECTORS
from tidemark.simulator.market.market import Market

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TOPIC = "collection:*"
_SOFTWARE = "tidemark simulator"
_SEED = 7
_SALES_SHARE = 0.15
_MESSAGES = 300  # an hour, on average
_ALONE = 0.12  # the share of hours in which one collector is away
# both are away in some hours, all early in the week: a floor is known again a day later
_TOGETHER = (5, 16, 17)


def make_week(settings: LoaderSettings, first: Hour, last: Hour) -> int:
    """Put every hour of a range into the archive, load it, and score its days; return the number of hours."""
    client, market = archive_client(settings), Market(_SEED, sales_share=_SALES_SHARE)
    made = list(hours(first, last))
    for hour in made:
        put_hour(client, settings.bucket, hour, messages(market, hour, _count(hour)), gaps(first, hour))
        load_hour(hour, settings, log=lambda _: None)
    refresh_days(settings.warehouse_url, log=lambda _: None)
    return len(made)


def gaps(first: Hour, hour: Hour) -> dict[str, list[Gap]]:
    """Return when each collector was away in an hour of the week that begins with `first`: in most hours never."""
    rng = Random(hour.key)  # noqa: S311 - the same week each time
    start = rng.uniform(5, 40)
    if (hour.start - first.start) / LENGTH in _TOGETHER:
        return {each: [gap(hour, start, start + rng.uniform(3, 15), Reason.SERVER_ERROR)] for each in COLLECTORS}
    away = rng.choice(COLLECTORS) if rng.random() < _ALONE else None
    reason = rng.choice([Reason.CONNECTION_LOST, Reason.PROCESS_DIED, Reason.CLOSED_BY_SERVER])
    end = start + rng.uniform(0.5, 12)
    return {each: [gap(hour, start, end, reason)] if each == away else [] for each in COLLECTORS}


def gap(hour: Hour, start: float, end: float, reason: str) -> Gap:
    """Return a gap of the whole market, from and to minutes after the hour's start."""
    return Gap(_TOPIC, hour.start + timedelta(minutes=start), hour.start + timedelta(minutes=end), reason)


def _count(hour: Hour) -> int:
    """Return how many messages an hour has: most in the evening, and more at weekends."""
    evening = 1 + 0.6 * sin((hour.start.hour - 12) * pi / 12)
    weekend = 1.3 if hour.start.weekday() > 4 else 1.0  # noqa: PLR2004 - after Friday
    return round(_MESSAGES * evening * weekend)


def messages(market: Market, hour: Hour, count: int) -> list[tuple[datetime, bytes]]:
    """Return `count` messages of a market, spread over an hour: when each was received, and its body."""
    times = (hour.start + LENGTH * (number + 0.5) / count for number in range(count))
    return [(at, market.next(at - timedelta(seconds=1)).body) for at in times]


def put_hour(
    client: "S3Client",
    bucket: str,
    hour: Hour,
    sent: Sequence[tuple[datetime, bytes]],
    away: Mapping[str, Sequence[Gap]],
) -> None:
    """Put an hour into the archive as each collector would have recorded it; `away` holds each one's gaps, in order."""
    for collector, its_gaps in away.items():
        received = [(at, body) for at, body in sent if not any(each.start <= at < each.end for each in its_gaps)]
        lines = b"".join(record_line(format_timestamp(at), _TOPIC, body) for at, body in received)
        packed_lines = BytesIO()
        packed = pack(BytesIO(lines), len(lines), packed_lines, level=1)
        key = str(ObjectKey("", collector, SegmentName(hour, 1)))
        segment = Segment(key, packed.records, packed.bytes, packed.compressed_bytes, packed.sha256)
        if received:
            client.put_object(Bucket=bucket, Key=key, Body=packed_lines.getvalue())
        manifest = Manifest(
            hour=hour.key,
            collector=collector,
            segments=(segment,) if received else (),
            event_types=packed.event_types,
            topics=packed.topics,
            first_received_at=packed.first_received_at,
            last_received_at=packed.last_received_at,
            covered=tuple(_covered(hour, its_gaps)),
            gaps=tuple(its_gaps),
            software=_SOFTWARE,
            written_at=datetime.now(UTC),
        )
        manifest_key = str(ManifestKey("", collector, hour))
        client.put_object(Bucket=bucket, Key=manifest_key, Body=print_manifest(manifest))


def _covered(hour: Hour, away: Sequence[Gap]) -> Iterator[Interval]:
    edges = [hour.start, *(edge for each in away for edge in (each.start, each.end)), hour.end]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if start < end:
            yield Interval(_TOPIC, start, end)


if __name__ == "__main__":
    os.nice(5)  # the recording beside it comes first
    first, last = map(Hour.parse, sys.argv[1:])
    print(f"{make_week(LoaderSettings(), first, last)} hours")
