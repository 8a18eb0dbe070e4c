import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from tests.loader.contents import contents, one, query
from tests.loader.recording import HOUR, Recording, fetched, sold
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.load import execute, load, merge_steps
from tidemark.loader.warehouse.turns import lock_hour, side_by_side
from tidemark.storage.postgres import connected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Fresh = Callable[[LoaderSettings], LoaderSettings]
FAR = Hour(HOUR.start + timedelta(days=1))
LONG = 60


def quiet(_: str) -> None:
    """Swallow the progress."""


def url_of(settings: LoaderSettings) -> str:
    return settings.warehouse_url.get_secret_value()


def test_a_second_loader_says_that_it_waits(warehouse_url: str) -> None:
    waiting, done = threading.Event(), threading.Event()

    def second() -> None:
        with connected(SecretStr(warehouse_url)) as other:
            lock_hour(other, HOUR, lambda _: waiting.set())
            done.set()

    with connected(SecretStr(warehouse_url)) as connection:
        lock_hour(connection, HOUR, quiet)
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(LONG)
        assert not done.is_set()
        connection.rollback()
        assert done.wait(LONG)
        thread.join()


def test_another_hour_does_not_wait(warehouse_url: str) -> None:
    with connected(SecretStr(warehouse_url)) as connection, connected(SecretStr(warehouse_url)) as other:
        lock_hour(connection, HOUR, quiet)
        lock_hour(other, HOUR.next(), pytest.fail)


@dataclass
class Halted:
    """A load that stops before one of its steps until it is let go on."""

    before: str
    steps: list[str] = field(default_factory=list)
    there: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def run_step(self, connection: Connection, step: Path, values: dict[str, Any]) -> None:
        """Run a step, or stop."""
        self.steps.append(step.name)
        if step.name == self.before and not self.there.is_set():
            self.there.set()
            assert self.go_on.wait(LONG)
        execute(connection, step, values)


@contextmanager
def halted(hour: Hour, settings: LoaderSettings, before: str) -> Iterator[tuple[Halted, "Future[Any]"]]:
    """Have a load at work that has stopped before a step; it goes on when the block ends, at the latest."""
    stop = Halted(before)
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(load_hour, hour, settings, log=quiet, loading=partial(load, run_step=stop.run_step))
        try:
            assert stop.there.wait(LONG)
            yield stop, done
        finally:
            stop.go_on.set()


def put(s3: "S3Client", settings: LoaderSettings, hour: Hour, *messages: dict[str, Any]) -> None:
    recording = Recording(hour=hour)
    for place, message in enumerate(messages):
        recording.receive(message, place)
    recording.put(s3, settings.bucket)


def test_hours_of_different_days_are_merged_side_by_side(s3: "S3Client", settings: LoaderSettings) -> None:
    put(s3, settings, HOUR, sold(1))
    put(s3, settings, FAR, sold(2, FAR))
    with halted(HOUR, settings, "refresh_5_audit.sql") as (_, first):
        load_hour(FAR, settings, log=quiet)
        assert not first.done()
    assert run_checks(settings.warehouse_url) == []
    assert one(url_of(settings), "SELECT count(*) FROM core.sale") == 2


@pytest.mark.parametrize(
    "messages", [[sold(2, HOUR.next())], [sold(3, HOUR, sent=3)]], ids=["the next hour", "a sale of the first hour"]
)
def test_what_changes_the_same_hour_waits(
    s3: "S3Client", settings: LoaderSettings, messages: list[dict[str, Any]]
) -> None:
    other = HOUR.next() if "order" in messages[0] else FAR
    put(s3, settings, HOUR, sold(1))
    put(s3, settings, other, *messages)
    with ThreadPoolExecutor(1) as thread:
        with halted(HOUR, settings, "8_account.sql"):
            second = thread.submit(load_hour, other, settings, log=quiet)
            with pytest.raises(TimeoutError):
                second.result(0.3)
        second.result(LONG)
    assert run_checks(settings.warehouse_url) == []


def test_scoring_waits_for_loads_at_work(s3: "S3Client", settings: LoaderSettings) -> None:
    put(s3, settings, HOUR, sold(1))
    put(s3, settings, FAR, sold(2, FAR))
    load_hour(FAR, settings, log=quiet)
    with ThreadPoolExecutor(1) as thread:
        with halted(HOUR, settings, "5_sales.sql"):
            scoring = thread.submit(refresh_days, settings.warehouse_url, quiet)
            with pytest.raises(TimeoutError):
                scoring.result(0.3)
        assert FAR.start.date() in scoring.result(LONG)


@pytest.mark.parametrize("before", ["5_sales.sql", "8_account.sql"])
@pytest.mark.parametrize("vague", [False, True], ids=["the same key", "another key"])
@pytest.mark.parametrize("far", [FAR, Hour.parse("2026-10-31T23")], ids=["the same month", "another month"])
def test_who_ends_later_decides_again_by_the_same_sale(
    s3: "S3Client", settings: LoaderSettings, fresh: Fresh, before: str, vague: bool, far: Hour
) -> None:
    late = {"order_hash": ""} if vague else {}
    put(s3, settings, HOUR, sold(1, sent=5))
    put(s3, settings, far, sold(1, far, sent=1, sale_price=str(10**18 + 1), **late))
    waits = before == "8_account.sql" and not vague and far == FAR
    with ThreadPoolExecutor(1) as thread:
        with halted(HOUR, settings, before) as (stop, _):
            second = thread.submit(load_hour, far, settings, log=quiet)
            if waits:  # the key is inserted already in the month, so the other waits for it
                with pytest.raises(TimeoutError):
                    second.result(0.3)
            else:
                second.result(LONG)
        second.result(LONG)
    repeated = stop.steps.count("3_decide.sql") == 2
    assert repeated != waits
    calm = fresh(settings)
    for hour in (far, HOUR):
        load_hour(hour, calm, log=quiet)
    assert one(url_of(calm), "SELECT count(*) FROM core.sale") == 1
    assert contents(url_of(settings)) == contents(url_of(calm))


AT_WORK = """
    CREATE TEMP TABLE sale_observation (transaction_hash text, sold_at timestamptz) ON COMMIT DROP;
    CREATE TEMP TABLE retracted (transaction_hash text) ON COMMIT DROP;
    CREATE TEMP TABLE changed (source_hour timestamptz, sold_hour timestamptz) ON COMMIT DROP;
    INSERT INTO sale_observation VALUES ('0x1', :hour)
"""


def test_of_two_that_end_at_once_the_second_sees_what_the_first_did(warehouse_url: str) -> None:
    url, decided = SecretStr(warehouse_url), list[int]()
    with connected(url) as first, connected(url) as second, ThreadPoolExecutor(1) as thread:
        for connection, hour in ((first, HOUR), (second, FAR)):
            connection.execute(text(AT_WORK), {"hour": hour.start})
        side_by_side(first, HOUR.start, str, str)
        ending = thread.submit(side_by_side, second, FAR.start, partial(decided.append, 1), str)
        with pytest.raises(TimeoutError):
            ending.result(0.3)
        first.commit()
        ending.result(LONG)
        second.commit()
    assert len(decided) == 2


def test_what_is_kept_of_loads_at_work_is_not_kept_for_long(s3: "S3Client", settings: LoaderSettings) -> None:
    for day in range(4):
        hour = Hour(HOUR.start + timedelta(days=day))
        put(s3, settings, hour, sold(day, hour))
        load_hour(hour, settings, log=quiet)
    assert query(url_of(settings), "SELECT cardinality(transactions) FROM ops.recent_load") == [(1,), (1,)]


def world(random: Random, hours: list[Hour]) -> Iterator[Recording]:
    """Hours far apart that report each other's transactions: again, with other values, or without the order's hash."""
    for place, hour in enumerate(hours):
        for collector in ("collector-a", "collector-b"):
            recording = Recording(collector, hour)
            for _ in range(random.randrange(20, 30)):
                number = random.randrange(40) if random.random() < 0.4 else random.randrange(10**6)
                base = random.choice(hours[:place]) if place and random.random() < 0.1 else hour
                changes: dict[str, Any] = random.choice(
                    [{}, {}, {"order_hash": ""}, {"sale_price": str(10**18 + random.randrange(2))}, {"quantity": None}]
                )
                at = float(random.randrange(number % 3000 + 1, 3590))
                message = sold(number, base, **changes)
                message["sent_at"] = format_timestamp(hour.start + timedelta(seconds=at))
                recording.receive(message, at + 1)
            yield recording
        run = Recording("events-api-1", hour, topic="events-api")
        for number in random.sample(range(40), 10):
            run.receive(fetched(number, hour, order_hash=random.choice(["", f"0x{number + 1_000_000:064x}"])), 3599.0)
        yield run


def ending_before(step_name: str) -> Any:
    """A way to load that loses its server before one of the steps."""

    def run_step(connection: Connection, step: Path, values: dict[str, Any]) -> None:
        if step.name == step_name:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        execute(connection, step, values)

    return partial(load, run_step=run_step)


def loaded_by(seed: int, hours: list[Hour], settings: LoaderSettings) -> None:
    """Load the hours in an order of one's own, some twice, and lose the server in the middle of one; then score."""
    random = Random(seed)
    lost, *others = random.sample(hours, len(hours))
    with pytest.raises(Problem, match="warehouse"):
        load_hour(lost, settings, force=True, log=quiet, loading=ending_before(random.choice(list(merge_steps())).name))
    for hour in others:
        load_hour(hour, settings, force=random.random() < 0.3, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)


# with 21 the hours' claims of coverage depend on sales that another hour reported first
@pytest.mark.parametrize("seed", [21])
def test_four_loaders_side_by_side_leave_what_one_leaves(
    s3: "S3Client", settings: LoaderSettings, fresh: Fresh, seed: int
) -> None:
    random = Random(seed)
    hours = [Hour(HOUR.start + timedelta(days=day)) for day in range(4)]
    for recording in world(random, hours):
        recording.put(s3, settings.bucket)
    calm = fresh(settings)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(loaded_by, range(seed, seed + 4), [hours] * 4, [settings] * 4))
    for each in (settings, calm):
        for hour in hours:
            load_hour(hour, each, log=quiet)
        refresh_days(each.warehouse_url, log=quiet)
        assert run_checks(each.warehouse_url) == []
    assert contents(url_of(settings)) == contents(url_of(calm))
