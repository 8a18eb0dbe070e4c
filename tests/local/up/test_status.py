from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from tidemark.core.hour import LENGTH, Hour
from tidemark.local.figures import HourQuality, LoadedHour
from tidemark.local.ports import free_port
from tidemark.local.up.state import Restart, State
from tidemark.local.up.status import Overview, Part, addresses, await_recording, first_data, overview

TEN = Hour.parse("2026-11-20T10")


def state_of(folder: Path, warehouse_url: str, *collectors: str) -> State:
    return State(
        pid=1, created=1.0, source="the simulator", folder=str(folder), collectors=collectors,
        ui=f"http://127.0.0.1:{free_port()}", page="http://127.0.0.1:7", username="admin", password="p4ss",
        environment={"TIDEMARK_WAREHOUSE_URL": warehouse_url, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    )  # fmt: skip


def printed(found: Overview, width: int = 120) -> str:
    console = Console(width=width, file=StringIO())
    with console.capture() as capture:
        console.print(found)
    return capture.get()


def test_every_address_the_login_and_the_command_to_stop_are_shown(tmp_path: Path) -> None:
    state = state_of(tmp_path, "postgresql://tide:s3cret@127.0.0.1:5/warehouse")
    text = addresses(Path(".run/up"), state)
    for told in (
        state.ui,
        state.page,
        "user admin, password p4ss",
        "http://127.0.0.1:9",
        ". .run/up/environment",
        "tidemark down",
    ):
        assert told in text
    assert "s3cret" not in text


def test_it_says_when_the_first_data_comes(tmp_path: Path) -> None:
    assert first_data(datetime(2026, 11, 20, 10, 35, 20, tzinfo=UTC)).splitlines()[0] == (
        "An hour is loaded when it is over: 2026-11-20T10 about 11:03 UTC, in 28 minutes."
    )
    recording, showing = (state_of(tmp_path, "postgresql://x/w", *names) for names in (("collector-a",), ()))
    assert "An hour is loaded when it is over" in addresses(Path(".run/up"), recording)
    assert "An hour is loaded" not in addresses(Path(".run/up"), showing)


def test_the_addresses_fit_80_columns() -> None:
    state = state_of(Path(".run/up"), "postgresql://x/w", "collector-a")
    assert max(map(len, addresses(Path(".run/up"), state).splitlines())) <= 80


@pytest.mark.postgres
def test_parts_that_do_not_answer_are_named(tmp_path: Path, warehouse_url: str) -> None:
    (tmp_path / "collector-a" / "spool").mkdir(parents=True)
    found = overview(state_of(tmp_path, warehouse_url, "collector-a"))
    assert [(part.name, part.works) for part in found.parts] == [
        ("Airflow", False), ("page", False), ("S3", False), ("collector-a", False), ("PostgreSQL", True)
    ]  # fmt: skip
    assert not found.works
    assert "collector-a" in printed(found)
    assert "does not run" in printed(found)
    assert "0 hours loaded" in printed(found)


def test_a_dead_warehouse_is_said_without_its_password(tmp_path: Path) -> None:
    found = overview(state_of(tmp_path, f"postgresql://tide:s3cret@127.0.0.1:{free_port()}/warehouse"))
    assert ("PostgreSQL", False) in [(part.name, part.works) for part in found.parts]
    assert "s3cret" not in printed(found)


def test_the_last_hours_are_shown_and_only_whole_works() -> None:
    load = LoadedHour(lines=7900, inserted=400, replaced=0, duplicates=390, quarantined=3)
    quality = HourQuality(LENGTH * 0.99999, LENGTH, LENGTH, None, None, None, 0)
    found = Overview([Part("PostgreSQL", True, "port 5")], [(TEN, load, quality)])
    assert found.works
    (line,) = [line for line in printed(found).splitlines() if TEN.key in line]
    assert line.split() == [TEN.key, "7,900", "400", "3", "99.99", "%"]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_overview_fits_a_terminal_and_cuts_no_number(width: int) -> None:
    load = LoadedHour(lines=1_507_900, inserted=74_400, replaced=0, duplicates=390, quarantined=1_234)
    quality = HourQuality(LENGTH, LENGTH, LENGTH, None, None, None, 0)
    note = "metadatabase healthy, scheduler healthy, triggerer healthy, dag_processor healthy; restarted 3 times"
    text = printed(Overview([Part("Airflow", False, note)], [(TEN, load, quality)]), width)
    assert max(map(len, text.splitlines())) <= width
    assert {*["2026-11-20T10", "1,507,900", "74,400", "1,234", "100", "%"], *note.split()} <= set(text.split())


def test_restarts_are_shown_beside_the_part(tmp_path: Path) -> None:
    restarts = {"S3": Restart(1, 0.0), "Airflow scheduler": Restart(3, 3600.0)}
    state = structs.replace(state_of(tmp_path, f"postgresql://x@127.0.0.1:{free_port()}/w"), restarts=restarts)
    notes = {part.name: part.note for part in overview(state).parts}
    assert notes["S3"] == "nothing listens on port 9; restarted once, last at 1970-01-01 00:00:00"
    assert notes["Airflow"].endswith("; scheduler restarted 3 times, last at 1970-01-01 01:00:00")


def test_a_collector_that_does_not_record_is_named_after_the_time(tmp_path: Path) -> None:
    (tmp_path / "collector-a" / "spool").mkdir(parents=True)
    state = state_of(tmp_path, "postgresql://x@127.0.0.1:1/w", "collector-a", "collector-b")
    troubles = await_recording(state, 0)
    assert troubles[0] == "collector-a: does not run"
    assert "there is no spool" in troubles[1]
    assert await_recording(structs.replace(state, collectors=()), 0) == []


def test_the_demo_is_shown_and_not_recorded(tmp_path: Path) -> None:
    text = addresses(Path(".run/up"), state_of(tmp_path, "postgresql://x@127.0.0.1:1/w"))
    assert "showing the last demo (not recording)" in text
