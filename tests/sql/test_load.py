"""The steps of a load (sql/load/): hours of a hard market, in any order, partly, again, and with less than before.

What the warehouse then holds is what tests/loader/test_oracle.py works out from the messages.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.conftest import fresh_database
from tests.loader.recording import HOUR, Recording, fetched, sold
from tests.loader.test_oracle import (
    HOURLY,
    HOURS,
    OF_THE_LOAD,
    ROWS,
    SIGHTINGS,
    Seen,
    comparable,
    expected,
    hourly,
    observed,
    sightings,
)
from tidemark.core.hour import Hour
from tidemark.loader.warehouse.load import Run, load
from tidemark.local.services.postgres import Postgres
from tidemark.storage.postgres import connected

NAMES = ("collector-a", "collector-b", "events-api-1", "events-api-2")
TABLES = (
    "core.sale_row, core.sale_superseded, core.sale_sighting, ops.sale_conflict, ops.load_run, ops.load_file, "
    "ops.quarantine, ops.reject, ops.coverage, ops.gap, ops.silence, ops.topic_count, "
    "mart.collection_hourly, mart.hour_quality, mart.stale_day"
)
Archive = Mapping[tuple[str, Hour], Recording]


class Memory(dict[str, bytes]):
    """Objects by key, put as S3 takes them."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self[Key] = Body


class Warehouse:
    """Loads hours of archives that lie in memory."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def load(self, hour: Hour, archive: Archive, names: Iterable[str] = NAMES, *, force: bool = False) -> None:
        """Load one hour of some collectors, as a load of that hour would."""
        objects = Memory()
        manifests = [archive[name, hour].put(objects, "") for name in sorted(names) if (name, hour) in archive]
        run = Run(
            hour=hour, manifests=manifests, fingerprint="loaded", started_at=datetime(2026, 11, 23, tzinfo=UTC),
            software="test", force=force, again=(hour.start,) in self.ask("SELECT source_hour FROM ops.load_run"),
            topics=["collection:*"],
        )  # fmt: skip
        load(self.connection, run, lambda segment: [objects[segment.key]], lambda _: None)
        self.connection.commit()

    def ask(self, statement: str) -> set[tuple[object, ...]]:
        found = {tuple(row) for row in self.connection.execute(text(statement))}
        self.connection.commit()
        return found

    def incomplete(self) -> list[Hour]:
        """The hours whose newest load is not to be trusted any more, because another hour reports less than before."""
        newest = "SELECT DISTINCT ON (source_hour) * FROM ops.load_run ORDER BY source_hour, load_id DESC"
        found = self.ask(f"SELECT source_hour FROM ({newest}) AS run WHERE fingerprint = ''")
        return [hour for hour in HOURS if (hour.start,) in found]

    def must_hold(self, sales: list[list[Seen]]) -> None:
        right = expected(sales)
        rows = [dict(row) for row in self.connection.execute(text(ROWS)).mappings()]
        assert {name for row in rows for name in row} - {*OF_THE_LOAD} == set(right[0])
        in_order = [{name: row[name] for name in right[0]} for row in rows]
        held, wanted = (sorted(map(comparable, each), key=repr) for each in (in_order, right))
        assert [row for row in held if row not in wanted] == [row for row in wanted if row not in held] == []
        assert len(held) == len(wanted)
        assert self.ask(SIGHTINGS) == sightings(sales)
        assert self.ask(HOURLY) == hourly(right)


@pytest.fixture(scope="module")
def shared(postgres_server: Postgres, migrated: str) -> Iterator[Connection]:
    with fresh_database(postgres_server, migrated) as url, connected(SecretStr(url)) as connection:
        yield connection


@pytest.fixture
def warehouse(shared: Connection) -> Warehouse:
    shared.rollback()
    shared.execute(text(f"TRUNCATE {TABLES} CASCADE"))
    shared.commit()
    return Warehouse(shared)


def drawn(random: Random) -> tuple[Archive, list[list[Seen]]]:
    archive = {
        (name, hour): Recording(name, hour, topic="events-api" if "api" in name else "collection:*")
        for name in NAMES
        for hour in HOURS
    }
    return archive, observed(random, archive)


def less(random: Random, archive: Archive, sales: list[list[Seen]]) -> tuple[Archive, list[list[Seen]]]:
    """Take some collectors' hours away, as if an object had been replaced by one without messages."""
    emptied = set(random.sample(sorted(archive, key=repr), 3))
    kept = {key: Recording(*key, topic=each.topic) if key in emptied else each for key, each in archive.items()}
    left = [[seen for seen in sale if (seen.collector, seen.hour) not in emptied] for sale in sales]
    return kept, [sale for sale in left if sale]


@pytest.mark.parametrize("seed", range(2))
def test_any_order_of_hours_and_collectors_ends_as_the_oracle_says(warehouse: Warehouse, seed: int) -> None:
    random = Random(seed)
    archive, sales = drawn(random)
    for hour in random.sample(HOURS, 3):
        warehouse.load(hour, archive, random.sample(NAMES, 2))
    for hour in random.sample(HOURS, 3):
        warehouse.load(hour, archive, force=random.random() < 0.5)
    warehouse.must_hold(sales)
    assert warehouse.incomplete() == []


# with seed 2, what is left of a resale in one transaction cannot be told from the sale before it
@pytest.mark.parametrize("seed", range(3, 6))
def test_what_an_hour_no_longer_reports_leaves_no_trace(warehouse: Warehouse, seed: int) -> None:
    random = Random(seed)
    archive, sales = drawn(random)
    for hour in random.sample(HOURS, 3):
        warehouse.load(hour, archive)
    archive, sales = less(random, archive, sales)
    for hour in random.sample(HOURS, 3):
        warehouse.load(hour, archive)
    for _ in HOURS:
        for hour in warehouse.incomplete():
            warehouse.load(hour, archive)
    warehouse.must_hold(sales)
    before = warehouse.ask(CONFLICTS)
    assert before == conflicts_of_a_fresh_load(warehouse, archive)


CONFLICTS = "SELECT sale_uid, payload_hash, reported::text, source, collector, source_hour FROM ops.sale_conflict"


def conflicts_of_a_fresh_load(warehouse: Warehouse, archive: Archive) -> set[tuple[object, ...]]:
    warehouse.connection.execute(text(f"TRUNCATE {TABLES} CASCADE"))
    for hour in HOURS:
        warehouse.load(hour, archive)
    return warehouse.ask(CONFLICTS)


def one(collector: str, *messages: dict[str, Any], hour: Hour = HOUR, at: float = 30) -> Archive:
    recording = Recording(collector, hour, topic="events-api" if "api" in collector else "collection:*")
    for message in messages:
        recording.receive(message, at)
    return {(collector, hour): recording}


PRICES = "SELECT source, price_raw::int8, sent_at IS NULL, first_collector FROM core.sale"


@pytest.mark.parametrize("turned", [False, True])
def test_a_broadcast_without_its_time_gives_way_to_one_with_it(warehouse: Warehouse, turned: bool) -> None:
    timeless = one("collector-a", sold(1, sale_price="5") | {"sent_at": None}, at=1)
    timed = one("collector-b", sold(1, HOUR, sale_price="7"), hour=HOUR.next(), at=1)
    for hour, archive in sorted([(HOUR, timeless), (HOUR.next(), timed)], reverse=turned):
        warehouse.load(hour, archive)
    assert warehouse.ask(PRICES) == {("stream", 7, False, "collector-b")}
    reported = "SELECT (reported ->> 'price_raw')::int8, collector FROM ops.sale_conflict"
    assert warehouse.ask(reported) == {(5, "collector-a")}


@pytest.mark.parametrize("turned", [False, True])
def test_a_broadcast_without_its_time_comes_before_the_events_api(warehouse: Warehouse, turned: bool) -> None:
    timeless = one("collector-a", sold(1, sale_price="5") | {"sent_at": None})
    listed = one("events-api-1", fetched(1), hour=HOUR.next())
    for hour, archive in sorted([(HOUR, timeless), (HOUR.next(), listed)], reverse=turned):
        warehouse.load(hour, archive)
    assert warehouse.ask(PRICES) == {("stream", 5, True, "collector-a")}


def test_the_first_of_several_sights_is_the_sighting(warehouse: Warehouse) -> None:
    recording = Recording().receive(sold(1), 40).receive(sold(1), 20).receive(sold(1), 30)
    warehouse.load(HOUR, {("collector-a", HOUR): recording})
    seen = "SELECT observations, first_received_at FROM core.sale_sighting"
    assert warehouse.ask(seen) == {(3, HOUR.start + timedelta(seconds=20))}
    account = "SELECT lines, inserted, replaced, duplicates, conflicting, other, quarantined FROM ops.load_file"
    assert warehouse.ask(account) == {(3, 1, 0, 2, 0, 0, 0)}


def test_a_load_with_force_writes_the_same_rows_again(warehouse: Warehouse) -> None:
    archive = one("collector-a", sold(1), sold(2))
    warehouse.load(HOUR, archive)
    warehouse.load(HOUR, archive)
    unforced = warehouse.ask("SELECT inserted, replaced, duplicates FROM ops.load_run ORDER BY load_id DESC LIMIT 1")
    assert unforced == {(0, 0, 2)}
    warehouse.load(HOUR, archive, force=True)
    forced = warehouse.ask("SELECT inserted, replaced, duplicates FROM ops.load_run ORDER BY load_id DESC LIMIT 1")
    assert forced == {(0, 2, 0)}
    assert warehouse.ask("SELECT count(DISTINCT first_load_id), count(*) FROM core.sale") == {(1, 2)}


def test_a_refused_line_is_quarantined_once_for_each_hour_and_collector(warehouse: Warehouse) -> None:
    bad = [one(name, hour=hour)[name, hour].receive(b"no record\n") for name in NAMES[:2] for hour in HOURS[:2]]
    archive = {(each.collector, each.hour): each for each in bad}
    for hour in (*HOURS[:2], HOURS[0]):
        warehouse.load(hour, archive)
    where = {(name, hour.start) for name in NAMES[:2] for hour in HOURS[:2]}
    assert warehouse.ask("SELECT collector, source_hour FROM ops.quarantine") == where
    assert warehouse.ask("SELECT count(*) FROM ops.quarantine") == {(4,)}
    assert warehouse.ask("SELECT collector, source_hour FROM ops.reject") == where
    mended = archive | {("collector-a", HOUR): Recording("collector-a").receive(sold(1), 1)}
    warehouse.load(HOUR, mended)
    assert warehouse.ask("SELECT collector, source_hour FROM ops.quarantine") == where - {("collector-a", HOUR.start)}
    assert warehouse.ask("SELECT collector, source_hour FROM ops.reject") == where - {("collector-a", HOUR.start)}


def test_a_collector_that_is_left_out_keeps_what_it_reported(warehouse: Warehouse) -> None:
    archive = one("collector-a", sold(1, sale_price="5"), at=10) | one("collector-b", sold(1, sale_price="7"), at=5)
    warehouse.load(HOUR, archive)
    before = [warehouse.ask(PRICES), warehouse.ask(CONFLICTS), warehouse.ask(SIGHTINGS)]
    assert before[0] == {("stream", 7, False, "collector-b")}
    warehouse.load(HOUR, archive, ["collector-a"])
    assert [warehouse.ask(PRICES), warehouse.ask(CONFLICTS), warehouse.ask(SIGHTINGS)] == before


def test_one_conflict_is_kept_for_each_other_version(warehouse: Warehouse) -> None:
    """The kept version is no conflict; one that was observed twice is one, by the observation of higher precedence."""
    first, again, other = (sold(1, sale_price=price, sent=sent) for price, sent in (("5", 2), ("7", 3), ("7", 4)))
    later = sold(1, sale_price="9", sent=5)
    warehouse.load(HOUR, one("collector-a", first, again, other, first, later))
    reported = "SELECT (reported ->> 'price_raw')::int8, sent_at FROM ops.sale_conflict"
    at = HOUR.start
    assert warehouse.ask(reported) == {(7, at + timedelta(seconds=3)), (9, at + timedelta(seconds=5))}
    account = "SELECT lines, inserted, duplicates, conflicting FROM ops.load_file"
    assert warehouse.ask(account) == {(5, 1, 4, 3)}
    warehouse.load(HOUR, one("collector-a", again, later))
    assert warehouse.ask(reported) == {(9, at + timedelta(seconds=5))}
    assert warehouse.ask(PRICES) == {("stream", 7, False, "collector-a")}
