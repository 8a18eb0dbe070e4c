"""Hours as collectors recorded them, taken into a warehouse by the coverage steps of a load and nothing else."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from tests.sql.market import insert, sale
from tidemark.loader.warehouse.load import SQL

STEPS = [text(path.read_text()) for path in sorted((SQL / "load").glob("7_*.sql"))]
HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, 10, tzinfo=UTC)
TABLES = (
    "core.sale_row, core.sale_sighting, ops.coverage, ops.gap, ops.silence, ops.topic_count, ops.load_run, "
    "ops.load_file"
)

_RUN = """
INSERT INTO ops.load_run (
    source_hour, fingerprint, collectors, started_at, finished_at, software,
    files, lines, inserted, replaced, duplicates, other, quarantined, superseded
)
VALUES (:hour, '', :collectors, now(), now(), '', 0, 0, 0, 0, 0, 0, 0, 0)
"""
_CHANGED = """
CREATE TEMP TABLE changed (
    chain text, collection_slug text, sold_at timestamptz, source_hour timestamptz
) ON COMMIT DROP
"""
Span = tuple[datetime, datetime]
Row = tuple[str, str, datetime, datetime, str]


def minute(minutes: float) -> datetime:
    """Return the time `minutes` after the first hour's start."""
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Sold:
    """A sale of a collection, and when which collector received it by which topics."""

    number: int
    slug: str
    received: Mapping[str, datetime]
    topics: Mapping[str, tuple[str, ...]] | None = None
    replayed: bool = False

    @property
    def hour(self) -> datetime:
        """The hour in which it was received first."""
        return hour_of(min(self.received.values()))


@dataclass(frozen=True)
class Recorded:
    """What one collector's manifest says of an hour.

    Every topic that it covered brought a message other than a sale in each minute, but for those in `quiet`.
    """

    collector: str
    hour: datetime
    covered: Mapping[str, Sequence[Span]]
    gaps: Mapping[str, Sequence[Span]]
    quiet: Mapping[str, range] = field(default_factory=dict)


def hour_of(at: datetime) -> datetime:
    """Return the start of the hour of a time."""
    return at.replace(minute=0, second=0, microsecond=0)


def whole(collector: str, hour: datetime = START, *topics: str) -> Recorded:
    """Return a manifest that claims the whole hour, on the whole market or on some topics."""
    return Recorded(collector, hour, {topic: [(hour, hour + HOUR)] for topic in topics or ("collection:*",)}, {})


class Warehouse:
    """Takes recorded hours in, any of them and any number of times."""

    def __init__(self, connection: Connection, sales: Iterable[Sold]) -> None:
        self._connection = connection
        self._sales = list(sales)
        self._taken: set[tuple[str, datetime]] = set()

    def load(
        self, *manifests: Recorded, missing: Sequence[str] = (), topics: Sequence[str] = ("collection:*",)
    ) -> None:
        """Load one hour of one or several collectors, as a load of that hour would."""
        hour = manifests[0].hour
        changed = {each.hour for each in self._sales if self._take(each, hour, [m.collector for m in manifests])}
        self._connection.execute(text(_CHANGED))
        for changed_hour in changed:
            self._connection.execute(text("INSERT INTO changed (source_hour) VALUES (:hour)"), {"hour": changed_hour})
        values = {
            "hour": hour,
            "collectors": [manifest.collector for manifest in manifests],
            "covered": _intervals(manifests, "covered"),
            "gaps": _intervals(manifests, "gaps"),
            "topic_counts": json.dumps([row for manifest in manifests for row in self._counts(manifest)]),
            "missing": list(missing),
            "topics": list(topics),
        }
        for step in STEPS:
            self._connection.execute(step, values)
        self._connection.execute(text(_RUN), values)
        self._connection.commit()

    def _take(self, sold: Sold, hour: datetime, collectors: Sequence[str]) -> bool:
        """Write the sightings of a sale by some collectors in an hour; tell whether there were any."""
        seen = [name for name in collectors if name in sold.received and hour_of(sold.received[name]) == hour]
        uid = UUID(int=sold.number)
        for name in seen:
            at, key = sold.received[name], (str(uid) + name, hour)
            if key in self._taken:
                continue
            self._taken.add(key)
            values = {"uid": uid, "hour": hour, "collector": name, "at": at}
            self._connection.execute(
                text("INSERT INTO core.sale_sighting VALUES (:uid, :hour, :collector, 1, :at)"), values
            )
            own = {"received_at": at, "sent_at": at, "source_hour": hour, "is_replayed": sold.replayed}
            row = sale("20T10:00", f"{sold.slug}/{sold.number}", "0xs", "0xb", "1", seen_by=(name,), **own)
            row |= {"sale_uid": uid, "seen_by": ()}
            known = self._connection.execute(
                text("UPDATE core.sale SET source_hour = least(source_hour, :hour) WHERE sale_uid = :uid"), values
            )
            if not known.rowcount:
                insert(self._connection, row)
        return bool(seen)

    def _counts(self, manifest: Recorded) -> Iterable[dict[str, Any]]:
        for topic in {*manifest.covered, *manifest.gaps, *(() if manifest.covered else ("collection:cats",))}:
            sales = Counter(
                at.minute
                for sold in self._sales
                if (at := sold.received.get(manifest.collector)) and hour_of(at) == manifest.hour
                if topic in topics_of(sold, manifest)
            )
            other = Counter(set(range(60)) - {*manifest.quiet.get(topic, ())} if topic in manifest.covered else ())
            minutes = sorted(sales | other)
            if minutes:
                yield {
                    "collector": manifest.collector,
                    "topic": topic,
                    "minutes": minutes,
                    "messages": [(sales + other)[each] for each in minutes],
                    "sales": [sales[each] for each in minutes],
                }

    def rows(self) -> tuple[set[Row], set[Row]]:
        """Return coverage and gaps: collector, topic, from, to, reason."""
        covered = self._connection.execute(text("SELECT collector, topic, from_at, to_at, '' FROM ops.coverage"))
        gaps = self._connection.execute(text("SELECT collector, topic, from_at, to_at, reason FROM ops.gap"))
        found = {tuple(row) for row in covered}, {tuple(row) for row in gaps}
        self._connection.commit()
        return found  # type: ignore[return-value]


def topics_of(sold: Sold, manifest: Recorded) -> tuple[str, ...]:
    """Return the topics by which a collector received a sale."""
    if sold.topics and manifest.collector in sold.topics:
        return sold.topics[manifest.collector]
    named = {*manifest.covered, *manifest.gaps}
    return tuple(topic for topic in (f"collection:{sold.slug}", "collection:*") if topic in named)


def _intervals(manifests: Iterable[Recorded], kind: str) -> str:
    return json.dumps(
        [
            {
                "collector": each.collector,
                "topic": topic,
                "from_at": start.isoformat(),
                "to_at": end.isoformat(),
                "reason": "not_running",
            }
            for each in manifests
            for topic, spans in getattr(each, kind).items()
            for start, end in spans
        ]
    )
