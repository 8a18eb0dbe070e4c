"""The task that loads hours: waits without a worker until they are complete or patience ends, then loads them."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator, Context

from archive.hour import Hour
from dags.wiring.arrival import ManifestsArrived
from dags.wiring.faults import told_plainly
from dags.wiring.run_hours import run_hours


class LoadHours(BaseOperator):
    """Load the hours of the run, one transaction each, and leave their numbers as XCom, by hour.

    An hour that was loaded before and has not changed in the archive is left as it is, unless the form says `force`.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Load now, or hand the waiting to the triggerer."""
        from loader.arrival import awaited
        from loader.settings import LoaderSettings

        with told_plainly():
            wanted = self._hours(context)
            late = awaited(wanted, LoaderSettings(), datetime.now(UTC))
        for hour, collectors in late.items():
            print(f"{hour}: waiting for the manifest of {', '.join(collectors)}")
        if late:
            self.defer(trigger=ManifestsArrived([hour.key for hour in late]), method_name="load")
        return self.load(context)

    def load(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002 (Airflow passes it)
        """Load every hour of the run, in order; the first that fails ends the run, and those before it stay loaded."""
        from loader.hours import load_hour

        from loader.settings import LoaderSettings

        params = context["params"]
        options = {"force": params["force"], "collectors": params["collectors"] or None}
        with told_plainly():
            settings = LoaderSettings()
            return {hour.key: asdict(load_hour(hour, settings, **options)) for hour in self._hours(context)}

    @staticmethod
    def _hours(context: Context) -> list[Hour]:
        return run_hours(context["params"], context["dag_run"].partition_key)
