"""The task that loads hours: it waits for their manifests without a worker, loads the hours and checks them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from tidemark.airflow.assets import ARCHIVE, SALES
from tidemark.airflow.connections import loader_settings
from tidemark.airflow.faults import LOG, RETRIES, fail_with_hint
from tidemark.airflow.run_hours import run_hours
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.storage.failures import failure_of, transient

if TYPE_CHECKING:
    from tidemark.loader.settings import LoaderSettings

POOL = "warehouse"
POLL_SECONDS = 10.0
LOADING: dict[str, Any] = {"pool": POOL, "inlets": [ARCHIVE], "outlets": [SALES], **RETRIES}


class ManifestsArrived(BaseTrigger):
    """Fires when no collector of these hours is worth waiting for: all have reported, or the grace period is over."""

    def __init__(self, hours: Sequence[str], poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__()
        self.hours = list(hours)
        self.poll_seconds = poll_seconds
        self._settings: LoaderSettings | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to make this trigger again."""
        return "tidemark.airflow.load_hours.ManifestsArrived", {"hours": self.hours, "poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look into the archive every few seconds, beside the other triggers.

        A fault that a person can put right is handed to the task: of one that is raised here, Airflow tells the task
        only that there was one.
        """
        # not asyncio.to_thread: connections are asked for over the triggerer's own event loop
        look = sync_to_async(self.still_waiting, thread_sensitive=False)
        fault = None
        try:
            while await look():  # noqa: ASYNC110 (an archive can only be asked)
                await asyncio.sleep(self.poll_seconds)
        except Exception as error:
            if not (failure := failure_of(error)):
                raise
            fault = {"what": failure.what, "hint": failure.hint}
        yield TriggerEvent(fault)

    def still_waiting(self) -> bool:
        """Look once; an archive out of reach is looked at again."""
        from tidemark.loader.hours import awaited

        try:
            self._settings = self._settings or loader_settings()
            return bool(awaited(map(Hour.parse, self.hours), self._settings, datetime.now(UTC)))
        except Exception as error:
            if not transient(error):
                raise
            self.log.warning("The archive is out of reach (%s); looking again", type(error).__name__)
            return True


class LoadHours(BaseOperator):
    """Load the hour of the run, or the one `hour` given, in one transaction; return the hours of a range, to be mapped.

    The numbers become the XCom `report` and the metadata of the asset `sales`, which is updated only by hours that are
    right. An hour that was loaded before and has not changed in the archive is left as it is, unless the form says
    `force`.
    """

    def __init__(self, hour: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.hour = hour

    def execute(self, context: Context) -> list[str]:
        """Load now, or hand the waiting to the triggerer, or return the hours of a range."""
        from tidemark.loader.hours import awaited, spread

        with fail_with_hint():
            hours = self._hours(context)
            if len(hours) > 1:
                self.outlets = []  # of this try alone: what has an outlet updates it by ending well
                return [hour.key for hour in spread(hours)]
            late = awaited(hours, loader_settings(log=LOG.info), datetime.now(UTC))
        for hour, collectors in late.items():
            # logged, not printed: Airflow shows what is printed later, folded away after the task's end
            LOG.info("%s: waiting for the manifest of %s", hour, ", ".join(collectors))
        if late:
            self.defer(trigger=ManifestsArrived([hour.key for hour in late]), method_name="load")
        return self.load(context)

    def load(self, context: Context, event: dict[str, str] | None = None) -> list[str]:
        """Load and check the hour, unless waiting for it ended with a fault; no other is left to load."""
        from tidemark.loader.hours import load_hour

        form: Mapping[str, Any] = context["params"]
        with fail_with_hint():
            if event:
                raise Problem(event["what"], event["hint"])
            settings = loader_settings()
            (hour,) = self._hours(context)
            report = load_hour(hour, settings, force=form.get("force", False), collectors=form.get("collectors"))
            check_hour(settings, hour)
        reports: dict[str, Any] = {hour.key: asdict(report)}
        sales = context["outlet_events"][SALES]
        sales.extra = reports
        if hasattr(sales, "add_partitions"):  # Airflow 3.2 gives the event the partition of its run
            sales.add_partitions(list(reports))
        context["ti"].xcom_push("report", reports)
        return []

    def _hours(self, context: Context) -> list[Hour]:
        if self.hour:
            return [Hour.parse(self.hour)]
        return run_hours(context["params"], context["dag_run"].partition_key)


def check_hour(settings: "LoaderSettings", hour: Hour) -> None:
    """Run the checks of `sql/checks/` over a loaded hour. Raises Problem when one finds a wrong row."""
    from tidemark.loader.checks import run_checks

    if failures := run_checks(settings.warehouse_url, hour):
        found = "\n".join(str(failure) for failure in failures)
        raise Problem(f"{hour} is loaded, but it is not right:\n{found}", "Do what each check says, in order")
