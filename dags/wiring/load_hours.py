"""The task that loads hours: waits without a worker until they are complete or patience ends, then loads them."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from archive.hour import Hour
from dags.wiring.arrival import ManifestsArrived
from dags.wiring.faults import RETRIES, told_plainly
from dags.wiring.run_hours import run_hours

SALES = Asset(name="sales", uri="tidemark://warehouse/core/sale")
POOL = "warehouse"
LOADING: dict[str, Any] = {"pool": POOL, "outlets": [SALES], **RETRIES}


class LoadHours(BaseOperator):
    """Load the hours of the run, or the one `hour` given, each in one transaction; their numbers become XCom.

    An hour that was loaded before and has not changed in the archive is left as it is, unless the form says `force`.
    """

    def __init__(self, hour: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.hour = hour

    def execute(self, context: Context) -> dict[str, Any]:
        """Load now, or hand the waiting to the triggerer."""
        from loader.arrival import awaited
        from loader.settings import LoaderSettings

        with told_plainly():
            late = awaited(self._hours(context), LoaderSettings(), datetime.now(UTC))
        for hour, collectors in late.items():
            print(f"{hour}: waiting for the manifest of {', '.join(collectors)}")
        if late:
            self.defer(trigger=ManifestsArrived([hour.key for hour in late]), method_name="load")
        return self.load(context)

    def load(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002 (Airflow passes it)
        """Load every hour, in order; the first that fails ends the task, and those before it stay loaded."""
        from loader.hours import load_hour
        from loader.settings import LoaderSettings

        form = context["params"]
        options = {"force": form.get("force", False), "collectors": form.get("collectors")}
        with told_plainly():
            settings = LoaderSettings()
            reports: dict[str, Any] = {
                hour.key: asdict(load_hour(hour, settings, **options)) for hour in self._hours(context)
            }
        context["outlet_events"][SALES].extra = reports
        return reports

    def _hours(self, context: Context) -> list[Hour]:
        if self.hour:
            return [Hour.parse(self.hour)]
        return run_hours(context["params"], context["dag_run"].partition_key)
