"""The task that loads hours: it waits without a worker until they are complete or patience ends, loads and checks."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator, Context

from tidemark.airflow.arrival import ManifestsArrived
from tidemark.airflow.faults import LOG, RETRIES, fail_with_hint
from tidemark.airflow.run_hours import run_hours
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour

if TYPE_CHECKING:
    from tidemark.loader.settings import LoaderSettings

SALES = Asset(name="sales", uri="tidemark://warehouse/core/sale")
POOL = "warehouse"
LOADING: dict[str, Any] = {"pool": POOL, "outlets": [SALES], **RETRIES}


class LoadHours(BaseOperator):
    """Load the hours of the run, or the one `hour` given, each in one transaction.

    Their numbers become XCom and the metadata of the asset `sales`, which is updated only by hours that are right. An
    hour that was loaded before and has not changed in the archive is left as it is, unless the form says `force`.
    """

    def __init__(self, hour: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.hour = hour

    def execute(self, context: Context) -> dict[str, Any]:
        """Load now, or hand the waiting to the triggerer."""
        from tidemark.loader.arrival import awaited
        from tidemark.loader.settings import LoaderSettings

        with fail_with_hint():
            late = awaited(self._hours(context), LoaderSettings(), datetime.now(UTC))
        for hour, collectors in late.items():
            # logged, not printed: Airflow shows what is printed later, folded away after the task's end
            LOG.info("%s: waiting for the manifest of %s", hour, ", ".join(collectors))
        if late:
            self.defer(trigger=ManifestsArrived([hour.key for hour in late]), method_name="load")
        return self.load(context)

    def load(self, context: Context, event: object = None) -> dict[str, Any]:  # noqa: ARG002 (Airflow passes it)
        """Load and check every hour, in order; the first that fails ends the task, and those before it stay loaded."""
        from tidemark.loader.hours import load_hour
        from tidemark.loader.settings import LoaderSettings

        form: Mapping[str, Any] = context["params"]
        reports: dict[str, Any] = {}
        with fail_with_hint():
            settings = LoaderSettings()
            for hour in self._hours(context):
                report = load_hour(hour, settings, force=form.get("force", False), collectors=form.get("collectors"))
                check_hour(settings, hour)
                reports[hour.key] = asdict(report)
        sales = context["outlet_events"][SALES]
        sales.extra = reports
        sales.add_partitions(list(reports))
        return reports

    def _hours(self, context: Context) -> list[Hour]:
        if self.hour:
            return [Hour.parse(self.hour)]
        return run_hours(context["params"], context["dag_run"].partition_key)


def check_hour(settings: "LoaderSettings", hour: Hour) -> None:
    """Run the checks of `sql/checks/` over a loaded hour. Raises Problem when one finds a wrong row."""
    from tidemark.loader.marts.postgres import run_checks

    if failures := run_checks(settings.warehouse_url, hour):
        found = "\n".join(str(failure) for failure in failures)
        raise Problem(f"{hour} is loaded, but it is not right:\n{found}", "Do what stands behind each check, in order")
