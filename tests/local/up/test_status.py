from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tidemark.core.hour import LENGTH, Hour
from tidemark.local.figures import HourQuality, LoadedHour
from tidemark.local.ports import free_port
from tidemark.local.up.state import State
from tidemark.local.up.status import Overview, Part, addresses, overview

TEN = Hour.parse("2026-11-20T10")


def state_of(folder: Path, warehouse_url: str, *collectors: str) -> State:
    return State(
        pid=1, created=1.0, source="the simulator", folder=str(folder), collectors=collectors,
        ui=f"http://127.0.0.1:{free_port()}", username="admin", password="p4ss",
        environment={"TIDEMARK_WAREHOUSE_URL": warehouse_url, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    )  # fmt: skip


def printed(found: Overview) -> str:
    console = Console(width=120, file=StringIO())
    with console.capture() as capture:
        console.print(found)
    return capture.get()


def test_a_person_is_told_every_address_the_login_and_how_to_end_it(tmp_path: Path) -> None:
    state = state_of(tmp_path, "postgresql://tide:s3cret@127.0.0.1:5/warehouse")
    text = addresses(Path(".run/up"), state)
    for told in (state.ui, "user admin, password p4ss", "http://127.0.0.1:9", ". .run/up/environment", "tidemark down"):
        assert told in text
    assert "s3cret" not in text


@pytest.mark.postgres
def test_parts_that_do_not_answer_are_named(tmp_path: Path, warehouse_url: str) -> None:
    (tmp_path / "collector-a" / "spool").mkdir(parents=True)
    found = overview(state_of(tmp_path, warehouse_url, "collector-a"))
    assert [(part.name, part.works) for part in found.parts] == [
        ("Airflow", False), ("collector-a", False), ("PostgreSQL", True)
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
