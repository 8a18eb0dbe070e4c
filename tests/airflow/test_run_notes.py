from types import SimpleNamespace
from typing import Any

import pytest

from tidemark.airflow.run_notes import NoteHours, note_of

HOUR, LAST = "2026-11-20T05", "2026-11-20T07"


@pytest.mark.parametrize(
    ("dag_id", "form", "key", "note"),
    [
        ("load_sales", {"hour": HOUR}, None, HOUR),
        ("load_sales", {"hour": HOUR, "last_hour": LAST}, None, f"{HOUR} to {LAST}"),
        ("load_sales", {"hour": HOUR, "last_hour": HOUR}, None, HOUR),
        ("repair_gaps", {"hour": HOUR, "last_hour": LAST}, None, f"{HOUR} to {LAST}"),
        ("load_sales", {}, HOUR, HOUR),
        ("load_sales", None, HOUR, HOUR),
        ("load_sales", {}, None, None),
        ("orders_of_somebody", {"hour": HOUR}, None, None),
    ],
)
def test_a_run_shows_its_hours(dag_id: str, form: Any, key: str | None, note: str | None) -> None:
    assert note_of(dag_id, form, key) == note


@pytest.mark.parametrize(("before", "after"), [(None, HOUR), ("a test, do not count it", "a test, do not count it")])
def test_a_persons_note_stays(before: str | None, after: str) -> None:
    run = SimpleNamespace(dag_id="load_sales", conf={"hour": HOUR}, partition_key=None, note=before)
    NoteHours().on_dag_run_running(run, "started")
    assert run.note == after
