"""How long sales take into the keyed fact, beside a bare COPY into the same keys.

Both write to the same PostgreSQL, with fsync, and get sales that are text already. Tidemark's share is staging, ranking
the observations and inserting under every key and index of core.sale; what else a load does (sightings, conflicts,
books, marts) counts in `load_rows_s`, and in `bench.growth`. `bench.dlt` begins with Python objects.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from pydantic import SecretStr
from sqlalchemy import Connection, text

from bench import results
from bench.sales import sales
from bench.server import warehouse
from tests.loader.recording import Recording, sold
from tidemark.core.hour import Hour
from tidemark.loader.hours import load_hour
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.transform.sale import Sale
from tidemark.loader.warehouse import copy
from tidemark.loader.warehouse.kind import Kind, Kinds
from tidemark.loader.warehouse.load import SETTINGS, SQL, add_kinds, add_month, execute, merge
from tidemark.loader.warehouse.packing import Codes
from tidemark.loader.warehouse.rows import FORMAT, KIND_COLUMNS, OBSERVATION_COLUMNS, kind_row, observation_row
from tidemark.loader.warehouse.staging import codes_of
from tidemark.local.services.postgres import Postgres
from tidemark.local.services.s3 import S3Server
from tidemark.storage.postgres import connected

SALES = results.scaled(1_000_000)
FEW = results.scaled(100_000)
ROUNDS = 2
RELOADS = 20
HOUR = Hour.parse("2026-11-20T10")
KEYED = "5_sales.sql"  # the step with which the sales are in the keyed fact


class Printed(NamedTuple):
    """Observations as staging sends them, and the kinds of their NFTs."""

    rows: Iterable[bytes]
    kinds: dict[int, Kind]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, warehouse() as server:
        results.record(reload_unchanged_s=reloaded(server))
        # the first load makes the files: not counted
        loaded(server, printed(sales(HOUR, SALES, seed=3), codes_in(server.url())))
        beside_bare_copy(server, Path(name))


def beside_bare_copy(server: Postgres, folder: Path) -> None:
    """Bring the same million sales into a table of equal keys by COPY, and into the warehouse."""
    kinds = write_rows(folder, codes_in(server.url()))
    fact, whole, bare = [], [], []
    for number in range(ROUNDS):
        bare.append(copied(server, folder))
        with (folder / "observations").open("rb") as rows:
            keyed, everything = loaded(server, Printed(rows, kinds))
        fact.append(keyed)
        whole.append(everything)
        print(
            f"round {number + 1}: bare COPY {bare[-1]:.1f} s, fact {keyed:.1f} s, load {everything:.1f} s", flush=True
        )
    results.record(load_vs_bare_copy=median(bare) / median(fact), load_rows_s=SALES / median(whole))


def write_rows(folder: Path, codes: Codes) -> dict[int, Kind]:
    """Write the same sales as observations and as rows of core.sale_row, in the CSV of COPY; return their kinds."""
    made = printed(sales(HOUR, SALES, seed=1), codes)
    with (folder / "observations").open("wb") as observations, (folder / "rows").open("wb") as bare:
        for row in made.rows:
            observations.write(row)
            bare.write(row.split(b",", 2)[2])
    return made.kinds


def copied(server: Postgres, folder: Path) -> float:
    """Copy the rows into a table with the columns, keys and indexes of core.sale_row."""
    with connected(SecretStr(server.url())) as connection:
        connection.execute(
            text(
                "DROP TABLE IF EXISTS bare;"
                "CREATE TABLE bare (LIKE core.sale_row INCLUDING DEFAULTS INCLUDING INDEXES, PRIMARY KEY (sale_uid));"
                "ALTER TABLE bare ALTER first_load_id SET DEFAULT 1"
            )
        )
        connection.commit()
        began = time.perf_counter()
        with (folder / "rows").open("rb") as rows:
            cursor = connection.connection.cursor()
            cursor.copy_expert(f"COPY bare ({', '.join(OBSERVATION_COLUMNS[2:])}) FROM STDIN ({FORMAT})", rows, 1 << 20)
        connection.commit()
        took = time.perf_counter() - began
        connection.execute(text("DROP TABLE bare"))
        connection.commit()
        return took


def loaded(server: Postgres, made: Printed) -> tuple[float, float]:
    """Load observations into an empty warehouse; return the seconds of the keyed fact and of everything."""
    with connected(SecretStr(server.url())) as connection:
        emptied(connection)
        began = time.perf_counter()
        values = stage(connection, HOUR, made)
        seconds: dict[str, float] = {}

        def timed(connection: Connection, step: Path, values: dict[str, Any]) -> None:
            execute(connection, step, values)
            seconds[step.name] = time.perf_counter() - began

        merge(connection, values, timed)
        commits = time.perf_counter()
        connection.commit()
        done = time.perf_counter()
        return seconds[KEYED] + done - commits, done - began


def emptied(connection: Connection) -> None:
    tables = (
        "core.sale_row, core.sale_sighting, mart.collection_hourly, mart.hour_quality, mart.stale_day, ops.load_run"
    )
    connection.execute(text(f"TRUNCATE {tables} CASCADE"))
    connection.commit()
    connection.execute(text("COMMIT; CHECKPOINT; BEGIN"))


def stage(connection: Connection, hour: Hour, made: Printed) -> dict[str, Any]:
    """Copy observations into staging as a load does; return what the steps are given."""
    values = {
        "hour": hour.start, "force": False, "again": False, "collectors": ["collector-a"], "fingerprint": hour.key,
        "started_at": datetime.now(UTC), "software": "bench", "covered": "[]", "gaps": "[]",
        "missing": [], "topics": [], "topic_counts": "[]", "event_counts": "[]", "book_depth": 0, "transfers": False,
        "load_id": connection.scalar(text("SELECT nextval(pg_get_serial_sequence('ops.load_run', 'load_id'))")),
    }  # fmt: skip
    add_month(connection, hour)
    connection.execute(text(SETTINGS))
    connection.execute(text((SQL / "load" / "1_stage.sql").read_text()), values)
    with copy.Copy(connection, "observation_row", OBSERVATION_COLUMNS) as observations:
        for row in made.rows:
            observations.add(row)
    kinds = BytesIO(b"".join(kind_row(key, kind) for key, kind in made.kinds.items()))
    copy.copied(connection, "observed_kind", KIND_COLUMNS, kinds)
    add_kinds(connection)
    file = {"file": 1, "key": "k", "collector": "collector-a", "sha256": "", "bytes": 0, "lines": observations.rows,
            "other": 0, "quarantined": 0}  # fmt: skip
    return {**values, "files": json.dumps([file])}


def printed(objects: Iterable[Sale], codes: Codes, first: int = 1) -> Printed:
    """Print sales as a load does, as they are asked for; the kinds are known after the last one."""
    kinds, known = Kinds(codes.salt), dict[int, Kind]()

    def rows() -> Iterator[bytes]:
        for number, sale in enumerate(objects, first):
            yield observation_row((number, 1, "collector-a"), sale, codes, kinds)
        known.update(kinds.taken())

    return Printed(rows(), known)


def kept(made: Printed) -> Printed:
    """Print all of it now, to be loaded several times."""
    return Printed(list(made.rows), made.kinds)


def codes_in(url: str) -> Codes:
    """Return what a warehouse packs sales by."""
    with connected(SecretStr(url)) as connection:
        return codes_of(connection)


def reloaded(server: Postgres) -> float:
    """Load an hour through S3 and again, unchanged; return the median seconds of that."""
    with S3Server() as s3:
        os.environ.update(s3.environment)
        s3.create_bucket("archive")
        Recording(hour=HOUR).receive(sold(1, HOUR), 1).put(s3.client(), "archive")
        settings = LoaderSettings(warehouse_url=SecretStr(server.url()), bucket="archive")
        load_hour(HOUR, settings, log=lambda _: None)
        seconds = []
        for _ in range(RELOADS):
            began = time.perf_counter()
            load_hour(HOUR, settings, log=lambda _: None)
            seconds.append(time.perf_counter() - began)
    return median(seconds)
