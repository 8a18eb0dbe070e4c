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
from tests.loader.recording import HOUR, SELLER, Recording, fetched, sold
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
from tidemark.loader.warehouse.load import Run, add_month, load
from tidemark.local.services.postgres import Postgres
from tidemark.storage.postgres import connected

NAMES = ("collector-a", "collector-b", "events-api-1", "events-api-2")
TABLES = (
    "core.sale_row, core.sale_superseded, core.sale_sighting, ops.sale_conflict, ops.load_run, ops.load_file, "
    "ops.quarantine, ops.reject, ops.coverage, ops.gap, ops.silence, ops.topic_count, "
    "mart.collection_hourly, mart.hour_quality, mart.stale_day"
)
SUCCESSIVE = (HOUR, HOUR.next(), HOUR.next().next())
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
        add_month(self.connection, hour)
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
    for hour in random.sample(HOURS, len(HOURS)):
        warehouse.load(hour, archive, random.sample(NAMES, 2))
    for hour in random.sample(HOURS, len(HOURS)):
        warehouse.load(hour, archive, force=random.random() < 0.5)
    warehouse.must_hold(sales)
    assert warehouse.incomplete() == []


# with seed 2, what is left of a resale in one transaction cannot be told from the sale before it
@pytest.mark.parametrize("seed", range(3, 6))
def test_what_an_hour_no_longer_reports_leaves_no_trace(warehouse: Warehouse, seed: int) -> None:
    random = Random(seed)
    archive, sales = drawn(random)
    for hour in random.sample(HOURS, len(HOURS)):
        warehouse.load(hour, archive)
    archive, sales = less(random, archive, sales)
    for hour in random.sample(HOURS, len(HOURS)):
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


def test_a_load_does_not_depend_on_the_search_path(warehouse: Warehouse) -> None:
    warehouse.connection.execute(text("SET search_path = core, mart, ops"))
    warehouse.load(HOUR, one("collector-a", sold(1), sold(2)))
    warehouse.connection.execute(text("RESET search_path"))
    assert warehouse.ask("SELECT token_id FROM core.sale") == {("1",), ("2",)}


def test_the_first_of_several_sights_is_the_sighting(warehouse: Warehouse) -> None:
    recording = Recording().receive(sold(1), 40).receive(sold(1), 20).receive(sold(1), 30)
    warehouse.load(HOUR, {("collector-a", HOUR): recording})
    seen = "SELECT observations, first_received_at FROM core.sale_sighting"
    assert warehouse.ask(seen) == {(3, HOUR.start + timedelta(seconds=20))}
    account = "SELECT lines, inserted, replaced, duplicates, conflicting, other, quarantined FROM ops.load_file"
    assert warehouse.ask(account) == {(3, 1, 0, 2, 0, 0, 0)}


TOTALS = "SELECT marketplace_fee_raw::int8, royalty_raw::int8, other_fee_raw::int8 FROM core.sale ORDER BY token_id"
CREATORS = """'[{"recipient": "0xcreator", "amount_raw": "7"}]'"""


def nameless(message: dict[str, Any]) -> dict[str, Any]:
    """The same sale without its order."""
    return {**message, "payload": {**message["payload"], "order_hash": ""}}


def test_a_kind_of_fee_that_an_order_does_not_show_is_none(warehouse: Warehouse) -> None:
    paid = [{"itemType": 0, "startAmount": amount, "endAmount": amount, "recipient": recipient}
            for amount, recipient in ((str(10**18 - 6), SELLER), ("7", "0xcreator"))]  # fmt: skip
    token = {"itemType": 2, "startAmount": "1", "endAmount": "1", "recipient": None}
    order = {"parameters": {"offer": [token], "consideration": paid, "offerer": SELLER}}
    warehouse.load(HOUR, one("collector-a", sold(1, protocol_data=order)))
    assert warehouse.ask(TOTALS) == {(0, 7, 0)}


OTHERWISE = """
SELECT sale.*
FROM core.sale,
    LATERAL (
        SELECT
            coalesce(sum(amount_raw) FILTER (WHERE kind = 'marketplace'), 0) AS marketplace,
            coalesce(sum(amount_raw) FILTER (WHERE kind = 'royalty'), 0) AS royalty,
            coalesce(sum(amount_raw) FILTER (WHERE kind = 'other'), 0) AS other
        FROM jsonb_to_recordset(fees) AS fee (recipient text, amount_raw numeric),
            LATERAL (SELECT coalesce(core.fee_kind(chain, recipient, sold_at), 'royalty') AS kind) AS known
    ) AS by_kind
WHERE (marketplace_fee_raw, royalty_raw, other_fee_raw) IS DISTINCT FROM (marketplace, royalty, other)
"""


def paid_to(random: Random, number: int) -> dict[str, Any]:
    """Draw a sale on one of two chains whose order pays up to four recipients."""
    chain = random.choice(("ethereum", "base"))
    recipients = [SELLER, *(f"0x{random.randrange(4)}" for _ in range(random.randrange(1, 5)))]
    fees = [10 ** random.randrange(4) for _ in recipients[1:]]
    amounts = [10**18 + number - sum(fees), *fees]
    paid = [{"itemType": 0, "startAmount": str(amount), "endAmount": str(amount), "recipient": recipient}
            for amount, recipient in zip(amounts, recipients, strict=True)]  # fmt: skip
    token = {"itemType": 2, "startAmount": "1", "endAmount": "1", "recipient": None}
    order = {"parameters": {"offer": [token], "consideration": paid, "offerer": SELLER}}
    item = {"nft_id": f"{chain}/0x{1:040x}/{number}", "metadata": {"name": None}, "chain": {"name": chain}}
    return sold(number, chain=chain, item=item, protocol_data=order)


@pytest.mark.parametrize("seed", range(3))
def test_a_fee_is_of_the_kind_that_its_recipient_had_when_it_was_sold(warehouse: Warehouse, seed: int) -> None:
    random = Random(seed)
    warehouse.connection.execute(text("DELETE FROM core.fee_recipient WHERE name = 'drawn'"))
    chains, seconds = ("*", "*", "ethereum", "base"), ("-infinity", 0, 600, 1200, 1800)
    periods = {(f"0x{random.randrange(4)}", random.choice(chains), random.choice(seconds)) for _ in range(25)}
    for recipient, chain, second in sorted(periods, key=repr):
        since = second if isinstance(second, str) else HOUR.start + timedelta(seconds=second)
        kind = random.choice(("marketplace", "royalty", "other"))
        insert = text("INSERT INTO core.fee_recipient VALUES (:recipient, :chain, :since, :kind, 'drawn')")
        warehouse.connection.execute(insert, {"recipient": recipient, "chain": chain, "since": since, "kind": kind})
    numbers = {*random.sample(range(1, 3000), 80), 599, 600, 601, 1200}
    warehouse.load(HOUR, one("collector-a", *(paid_to(random, number) for number in sorted(numbers))))
    assert warehouse.ask(OTHERWISE) == set()
    kinds = "count(*) FILTER (WHERE {} > 0) > 5"
    told = ", ".join(kinds.format(name) for name in ("marketplace_fee_raw", "royalty_raw", "other_fee_raw"))
    assert warehouse.ask(f"SELECT {told} FROM core.sale") == {(True, True, True)}
    warehouse.connection.execute(text("DELETE FROM core.fee_recipient WHERE name = 'drawn'"))
    warehouse.connection.commit()


def test_a_sale_that_is_one_of_its_own_again_has_its_fees_and_no_other_is_touched(warehouse: Warehouse) -> None:
    both = one("collector-a", sold(1), at=1) | one("collector-b", nameless(sold(1)), sold(2), at=2)
    warehouse.load(HOUR, both)
    warehouse.connection.execute(text(f"UPDATE core.sale_superseded SET fees = {CREATORS}"))
    scored = f"fees = {CREATORS}, marketplace_fee_raw = 1, royalty_raw = 2, other_fee_raw = 4 WHERE token_id = '2'"
    warehouse.connection.execute(text(f"UPDATE core.sale SET {scored}"))
    warehouse.load(HOUR, both | {("collector-a", HOUR): Recording("collector-a")})
    assert warehouse.ask("SELECT count(*) FROM core.sale_superseded") == {(0,)}
    assert warehouse.ask(TOTALS) == {(0, 7, 0), (1, 2, 4)}


def test_a_key_is_that_of_the_first_sale_that_is_known(warehouse: Warehouse) -> None:
    """The sale that others were is itself another's now."""
    warehouse.load(HOUR, one("collector-a", nameless(sold(1, sent=9)), nameless(sold(1, sent=10, taker=None))))
    assert len(warehouse.ask("SELECT same_as FROM core.sale_superseded")) == 1
    warehouse.load(HOUR.next(), one("collector-b", sold(1, sent=8), hour=HOUR.next()))
    kept = warehouse.ask("SELECT sale_uid FROM core.sale")
    assert len(kept) == 1
    assert warehouse.ask("SELECT same_as FROM core.sale_superseded") == kept
    assert warehouse.ask("SELECT count(*) FROM core.sale_superseded") == {(2,)}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_version_of_each_of_three_hours_is_kept_whichever_comes_first(
    warehouse: Warehouse, order: tuple[int, ...]
) -> None:
    for place in order:
        version = sold(1, HOUR, sale_price=f"{place}", sent=60 + place)
        warehouse.load(SUCCESSIVE[place], one("collector-a", version, hour=SUCCESSIVE[place]))
    assert warehouse.ask(PRICES) == {("stream", 0, False, "collector-a")}
    reported = "SELECT (reported ->> 'price_raw')::int8, source_hour FROM ops.sale_conflict"
    assert warehouse.ask(reported) == {(1, SUCCESSIVE[1].start), (2, SUCCESSIVE[2].start)}


def test_an_hour_without_a_message_is_loaded_with_every_figure_zero(warehouse: Warehouse) -> None:
    warehouse.load(HOUR, {("collector-a", HOUR): Recording()})
    figures = "files, lines, inserted, replaced, duplicates, conflicting, other, quarantined, superseded, removed"
    assert warehouse.ask(f"SELECT {figures} FROM ops.load_run") == {(0,) * 10}


def test_a_version_that_is_kept_now_is_no_conflict_any_more(warehouse: Warehouse) -> None:
    for hour, price, sent in zip(SUCCESSIVE, "011", (61, 62, 60), strict=True):
        warehouse.load(hour, one("collector-a", sold(1, HOUR, sale_price=price, sent=sent), hour=hour))
    assert warehouse.ask(PRICES) == {("stream", 1, False, "collector-a")}
    reported = "SELECT (reported ->> 'price_raw')::int8, source_hour FROM ops.sale_conflict"
    assert warehouse.ask(reported) == {(0, SUCCESSIVE[0].start)}


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
