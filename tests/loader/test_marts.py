from datetime import date
from threading import Thread

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.sql.market import MARKET, at, load
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.checks import run_checks
from tidemark.loader.marts import refresh_days
from tidemark.storage.postgres import connected


def load_market(url: str) -> None:
    with connected(SecretStr(url)) as connection:
        for hour in sorted({row["source_hour"] for row in MARKET}):
            load(connection, hour, [row for row in MARKET if row["source_hour"] == hour])
            connection.commit()


def test_the_touched_days_are_scored_once_oldest_first(warehouse_url: str) -> None:
    load_market(warehouse_url)
    said: list[str] = []
    assert refresh_days(SecretStr(warehouse_url), log=said.append) == [date(2026, 11, 20), date(2026, 11, 21)]
    done = "scored for wash trades, daily tables rebuilt"
    assert said == [f"2026-11-{day}: {done}" for day in (20, 21)]
    assert refresh_days(SecretStr(warehouse_url), log=said.append) == []


def test_two_refreshes_at_once_end_as_one_would(warehouse_url: str) -> None:
    load_market(warehouse_url)
    threads = [Thread(target=refresh_days, args=(SecretStr(warehouse_url), lambda _: None)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run_checks(SecretStr(warehouse_url)) == []


def test_a_day_that_a_load_marks_meanwhile_is_scored_too(warehouse_url: str) -> None:
    load_market(warehouse_url)
    said: list[str] = []
    with connected(SecretStr(warehouse_url)) as loading:
        loading.execute(text("LOCK TABLE mart.stale_day IN ROW EXCLUSIVE MODE"))
        refresh = Thread(target=refresh_days, args=(SecretStr(warehouse_url), said.append))
        refresh.start()
        refresh.join(timeout=0.5)
        assert refresh.is_alive()
        load(loading, at("20T10:00"), [])
        loading.execute(text("INSERT INTO mart.stale_day VALUES ('2026-11-19')"))
        loading.commit()
    refresh.join()
    with connected(SecretStr(warehouse_url)) as connection:
        assert connection.scalars(text("SELECT day FROM mart.stale_day")).all() == []
    assert "2026-11-19" in {line.partition(":")[0] for line in said}


def test_a_sound_hour_passes_every_check(warehouse_url: str) -> None:
    load_market(warehouse_url)
    assert run_checks(SecretStr(warehouse_url), Hour(at("20T10:00"))) == []


def test_a_dead_database_is_a_problem() -> None:
    for call in (refresh_days, run_checks):
        with pytest.raises(Problem):
            call(SecretStr("postgresql://someone:hunter2@127.0.0.1:1/none"))
