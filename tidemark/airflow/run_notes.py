"""A listener of the scheduler that writes a run's hours into its note: a manual run has no partition key to show."""

from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from tidemark.airflow.run_hours import hours_text


class NoteHours:
    """Writes the note of a run of ours that starts, unless a person has written one."""

    @hookimpl
    def on_dag_run_running(self, dag_run: Any, msg: str) -> None:  # noqa: ARG002 - the hook's own names
        """Take the hours from the form, or else from the partition key."""
        if not dag_run.note and (note := note_of(dag_run.dag_id, dag_run.conf, dag_run.partition_key)):
            dag_run.note = note


def note_of(dag_id: str, form: object, partition_key: str | None) -> str | None:
    """Return the note of a run, such as `2026-11-20T05 to 2026-11-20T07`; None for a DAG that is not ours."""
    if dag_id not in ("audit_hours", "load_sales", "reconcile_archive", "repair_gaps"):
        return None
    return hours_text(form if isinstance(form, dict) else {}, partition_key)


class RunNotes(AirflowPlugin):
    """What Airflow finds by the entry point `airflow.plugins`."""

    name = "tidemark-run-notes"
    listeners = [NoteHours()]  # noqa: RUF012 - as Airflow's class has it
