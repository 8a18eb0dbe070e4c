"""The load of one hour: one transaction, from the lock of the hour to the balance of its sums."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from tidemark.archive.manifest import Gap, Interval, Manifest, Segment
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.warehouse.file import event_counts, files_of
from tidemark.loader.warehouse.reading import WORTH_A_PROCESS
from tidemark.loader.warehouse.same_sale import reported_of, superseded
from tidemark.loader.warehouse.staging import FAULT, codes_of, set_aside, stage
from tidemark.loader.warehouse.turns import side_by_side
from tidemark.storage.files import shipped

SQL = shipped("sql")
_STAGE = SQL / "load" / "1_stage.sql"
_NFT = ("chain", "transaction_hash", "contract_address", "token_id")
_INSERT_SAME = """
INSERT INTO same_sale (sale_uid, same_as)
SELECT sale_uid, same_as FROM jsonb_to_recordset(:same) AS same (sale_uid uuid, same_as uuid)
"""
_OTHER_KIND = text("""
    SELECT nft_kind
    FROM observed_kind AS observed
    JOIN core.nft_kind AS known USING (nft_kind)
    WHERE to_jsonb(observed) <> to_jsonb(known)
    LIMIT 1
""")
_NEW_KINDS = text("SELECT * FROM observed_kind WHERE nft_kind NOT IN (SELECT nft_kind FROM core.nft_kind)")
_ADD_KINDS = text("""
    INSERT INTO core.nft_kind
    SELECT * FROM jsonb_populate_recordset(NULL::core.nft_kind, :kinds) AS kind ORDER BY nft_kind
    ON CONFLICT DO NOTHING
""")
# a load's own tables are read a few times each: statistics of 6,000 of their rows are enough to plan that
SETTINGS = """
    SET LOCAL work_mem = '64MB'; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off;
    SET LOCAL default_statistics_target = 20
"""


def merge_steps() -> Iterator[Path]:
    """Yield the SQL files that take a staged hour into the warehouse, in order."""
    yield from sorted(set((SQL / "load").glob("*.sql")) - {_STAGE})
    yield from sorted((SQL / "marts").glob("refresh_*.sql"))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One load of one hour: the manifests that it reads, and what its record in `ops.load_run` says.

    `force` writes again what is known, `again` says that the hour was loaded before, `missing` are the expected
    collectors without a manifest, and `topics` what they were to record. `book_depth` single orders are kept of each
    collection, payment token and side; `transfers` says whether single ones are kept.
    """

    hour: Hour
    manifests: list[Manifest]
    fingerprint: str
    started_at: datetime
    software: str
    force: bool = False
    again: bool = False
    missing: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    book_depth: int = 0
    transfers: bool = False

    def values(self, load_id: int) -> dict[str, Any]:
        """Return the bound parameters of the steps."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"hour", "manifests"}}
        return {
            **own,
            "hour": self.hour.start,
            "load_id": load_id,
            "collectors": [manifest.collector for manifest in self.manifests],
            "covered": _intervals(self.manifests, lambda manifest: manifest.covered),
            "gaps": _intervals(self.manifests, lambda manifest: manifest.gaps),
            "topic_counts": _topic_counts(self.manifests),
        }


RunStep = Callable[[Connection, Path, dict[str, Any]], object]
Loading = Callable[[Connection, Run, Callable[[Segment], Iterable[bytes]], Callable[[str], object]], None]


def add_month(connection: Connection, hour: Hour) -> None:
    """Make the table of the hour's month, where it is not there, and commit.

    In a transaction of its own: it locks out others that add a month.
    """
    connection.execute(text("SELECT ops.add_month(:hour)"), {"hour": hour.start})
    connection.commit()


def add_kinds(connection: Connection) -> None:
    """Add the kinds of NFT that this load is the first to have.

    In a transaction of its own, by a connection of its own: no other load waits until this one ends, and one that is
    left over is harmless. Raises Problem where another kind has the same key.
    """
    if new := [dict(kind) for kind in connection.execute(_NEW_KINDS).mappings()]:
        with connection.engine.begin() as beside:
            beside.execute(_ADD_KINDS, {"kinds": json.dumps(new)})
    if (other := connection.scalar(_OTHER_KIND)) is not None:
        raise Problem(
            f"core.nft_kind has other values under the key {other} than the messages of this hour",
            "Nothing was loaded. `tidemark verify nft_kinds` says whether they were changed, and what to do",
        )


def execute(connection: Connection, step: Path, values: dict[str, Any]) -> None:
    """Run one SQL file."""
    connection.execute(text(step.read_text()), values)


def load(
    connection: Connection,
    run: Run,
    packed: Callable[[Segment], Iterable[bytes]],
    log: Callable[[str], object],
    *,
    worth_a_process: int = WORTH_A_PROCESS,
    run_step: RunStep = execute,
) -> None:
    """Load an hour within the open transaction; the caller has locked the hour and commits.

    `packed` streams an object; from `worth_a_process` bytes on, several processes read. `run_step` runs a SQL file.
    Raises Problem where one is not what its manifest says, or the sums do not balance.
    """
    number = connection.scalar(text("SELECT nextval(pg_get_serial_sequence('ops.load_run', 'load_id'))"))
    values = run.values(number)
    connection.execute(text(SETTINGS))
    connection.execute(text(_STAGE.read_text()), values)
    orders, transfers = run.book_depth > 0, run.transfers
    files = files_of(run.hour, run.manifests, codes_of(connection), orders=orders, transfers=transfers)
    stage(connection, files, packed, log, worth_a_process)
    add_kinds(connection)
    set_aside(connection, run.hour, files, log)
    counts = [count for manifest in run.manifests for count in event_counts(manifest, files)]
    log(f"{run.hour.key}: {sum(file.observations for file in files):,} sales read; merging them")
    account = {"files": json.dumps([file.account for file in files]), "event_counts": json.dumps(counts)}
    merge(connection, {**values, **account}, run_step)


def merge(connection: Connection, values: dict[str, Any], run_step: RunStep = execute) -> None:
    """Take what is staged into the warehouse and account for it; sums that do not balance are refused."""
    values = {**values, **_near(values["hour"])}
    steps = list(merge_steps())
    own, deciding, applying = (
        [step for step in steps if step.name.startswith(("1_", "2_"))],
        [step for step in steps if step.name.startswith(("3_", "4_"))],
        [step for step in steps if step.name[0] > "4"],
    )

    def run(some: list[Path]) -> None:
        for step in some:
            run_step(connection, step, values)
            if step.name == "3_decide.sql":
                decide_same_sale(connection)

    try:
        run(own)
        side_by_side(connection, values["hour"], lambda: run(deciding), lambda: run(applying))
    except IntegrityError as error:
        if "every_line_has_one_outcome" not in str(error.orig):
            raise
        raise Problem(
            f"the lines of {values['hour']:%Y-%m-%dT%H} do not add up: {str(error.orig).strip()}",
            FAULT,
        ) from error


def decide_same_sale(connection: Connection) -> None:
    """Write into `same_sale` which of the candidates' keys are one sale."""
    by_nft = "SELECT * FROM candidate ORDER BY chain, transaction_hash, contract_address, token_id"
    same = [
        {"sale_uid": str(key), "same_as": str(kept)}
        for _, group in groupby(connection.execute(text(by_nft)), key=attrgetter(*_NFT))
        for key, kept in superseded(map(reported_of, group)).items()
    ]
    if same:
        connection.execute(text(_INSERT_SAME), {"same": json.dumps(same)})
    connection.execute(text("ANALYZE same_sale"))


def _near(hour: datetime) -> dict[str, datetime]:
    """Return from when to when an hour's sales are looked for first: its month and the one before it, whole."""
    first = hour.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "near_from": (first - timedelta(days=1)).replace(day=1),
        "near_to": (first + timedelta(days=31)).replace(day=1),
    }


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
