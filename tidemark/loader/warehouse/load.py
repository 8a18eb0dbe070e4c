"""The load of one hour: one transaction, from the lock of the hour to the balance of its sums."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from tidemark.archive.manifest import Gap, Interval, Manifest, Segment
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.warehouse.staging import FAULT, check_counts, files_of, stage
from tidemark.storage.shipped import shipped

SQL = shipped("sql")
_STAGE = SQL / "load" / "1_stage.sql"
_SETTINGS = "SET LOCAL work_mem = '64MB'; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off"


def merge_steps() -> Iterator[Path]:
    """Yield the SQL files that take a staged hour into the warehouse, in order."""
    yield from sorted(set((SQL / "load").glob("*.sql")) - {_STAGE})
    yield from sorted((SQL / "marts").glob("refresh_*.sql"))


def lock_hour(connection: Connection, hour: Hour, say: Callable[[str], object]) -> None:
    """Begin the transaction of an hour's load; wait while another loader has the hour."""
    key = {"key": f"tidemark hour {hour.key}"}
    lock = "advisory_xact_lock(hashtextextended(:key, 0))"
    if not connection.execute(text(f"SELECT pg_try_{lock}"), key).scalar():
        say(f"{hour.key}: another loader has this hour; waiting for it")
        connection.execute(text(f"SELECT pg_{lock}"), key)


def load(
    connection: Connection,
    hour: Hour,
    manifests: list[Manifest],
    packed: Callable[[Segment], Iterable[bytes]],
    say: Callable[[str], object],
    **run: Any,
) -> None:
    """Load an hour within the open transaction; the caller has locked the hour and commits.

    `run` is what the steps ask for besides: `fingerprint`, `started_at` and `software` for the books, `force` (also
    what is known is written anew), `again` (the hour was loaded before), `missing` (expected collectors whose
    manifest is not among them) and `topics` (what they were to record). Raises Problem where an object is
    not what its manifest says, or the sums do not balance.
    """
    values = {
        **run,
        "hour": hour.start,
        "load_id": connection.scalar(text("SELECT nextval(pg_get_serial_sequence('ops.load_run', 'load_id'))")),
        "collectors": [manifest.collector for manifest in manifests],
        "covered": _intervals(manifests, lambda manifest: manifest.covered),
        "gaps": _intervals(manifests, lambda manifest: manifest.gaps),
        "topic_counts": _topic_counts(manifests),
    }
    connection.execute(text(_SETTINGS))
    connection.execute(text(_STAGE.read_text()), values)
    files = files_of(hour, manifests)
    stage(connection, files, packed, say)
    for manifest in manifests:
        check_counts(manifest, files)
    say(f"{hour.key}: {sum(file.observations for file in files):,} sales read; merging them")
    merge(connection, {**values, "files": json.dumps([file.account for file in files])})


def merge(connection: Connection, values: dict[str, Any]) -> None:
    """Take what is staged into the warehouse and write the books, which refuse sums that do not balance."""
    try:
        for step in merge_steps():
            connection.execute(text(step.read_text()), values)
    except IntegrityError as error:
        if "every_line_has_one_outcome" not in str(error.orig):
            raise
        raise Problem(
            f"the lines of {values['hour']:%Y-%m-%dT%H} do not add up: {str(error.orig).strip()}",
            FAULT,
        ) from error


def _intervals(manifests: list[Manifest], of: Callable[[Manifest], Iterable[Interval | Gap]]) -> str:
    return json.dumps(
        [
            {
                "collector": manifest.collector,
                "topic": interval.topic,
                "from_at": format_timestamp(interval.start),
                "to_at": format_timestamp(interval.end),
                "reason": getattr(interval, "reason", None),
            }
            for manifest in manifests
            for interval in of(manifest)
        ]
    )


def _topic_counts(manifests: list[Manifest]) -> str:
    return json.dumps(
        [
            {"collector": manifest.collector, "topic": topic, **msgspec.structs.asdict(counts)}
            for manifest in manifests
            for topic, counts in manifest.topics.items()
        ]
    )
