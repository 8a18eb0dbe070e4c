"""Repair: ask for what no collector covered, the newest first, and archive the answers, hour by hour."""

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.repair.http import EventsApi, client_of
from tidemark.loader.repair.objects import run_name
from tidemark.loader.repair.postgres import open_windows
from tidemark.loader.repair.session import Session, WindowReport
from tidemark.loader.repair.window import GapWindow
from tidemark.loader.s3 import archive_client
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.runs import require_migrated
from tidemark.storage.object_store import ObjectStore
from tidemark.storage.postgres import connected
from tidemark.storage.s3 import S3Store

Log = Callable[[str], object]
NO_KEY = "OPENSEA_API_KEY is not set, so the Events API cannot be asked"


@dataclass(slots=True)
class RepairReport:
    """A run of repairs; every value is plain, so that it prints as JSON.

    `collector` is the id under which the run archived; `hours` are those whose archive it changed and that are to be
    loaded again. `open_windows` and `open_seconds` are what was open before, `why` tells why the run ended early.
    """

    collector: str
    open_windows: int
    open_seconds: float
    requests: int = 0
    windows: list[WindowReport] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    why: str | None = None

    def check(self) -> None:
        """Raise Problem where the API was asked for windows and none of them, not even in part, was repaired."""
        if self.requests and not any(window.repaired for window in self.windows):
            seen = {window.why or f"{window.set_aside} events cannot be read" for window in self.windows}
            raise Problem(
                f"nothing was repaired: {'; '.join(sorted(seen)[:3])}",
                "The gaps stay open and the next run asks again; events that cannot be read are in ops.quarantine",
            )


def repair_gaps(
    settings: LoaderSettings,
    first: Hour,
    last: Hour,
    *,
    dry_run: bool = False,
    log: Log = print,
    store: ObjectStore | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> RepairReport:
    """Fetch and archive what no collector covered in the loaded hours from `first` to `last`.

    The hours that the report names are then to be loaded again; that marks the gaps as repaired. Without a key, and
    in a dry run, nothing is asked for and the gaps stay as visible as they were. `store` is by default the bucket of
    the settings. Raises Problem where the key is
    refused or the archive cannot be written.
    """
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        windows = open_windows(connection, first, last)
        closed = len(open_windows(connection, first, last, closed=True))
    now = settings.clock.at(time.time())
    report = RepairReport(
        collector=run_name(now, secrets.token_hex(2)),
        open_windows=len(windows),
        open_seconds=sum(window.seconds for window in windows),
    )
    log(f"{first} to {last}: open windows: {report.open_windows}, {report.open_seconds:,.0f} s")
    if closed:
        log(f"left out: {closed:,} windows of hours that cannot be loaded any more, for a month was detached")
    if settings.opensea_api_key is None:
        report.why = NO_KEY
    elif dry_run:
        report.why = "a dry run asks for nothing"
        report.windows = [WindowReport.of(window) for window in windows]
    elif windows:
        with client_of(settings.api_url, settings.opensea_api_key.get_secret_value()) as client:
            api = EventsApi(client, settings.repair_requests, sleep=sleep)
            store = store or S3Store(archive_client(settings), settings.bucket)
            session = Session(settings, api, store, report.collector, lambda: settings.clock.at(time.time()))
            _repair(session, windows, report, log)
    if report.why:
        log(f"stays open: {report.why}")
    return report


def _repair(session: Session, windows: Iterable[GapWindow], report: RepairReport, log: Log) -> None:
    for hour, group in groupby(windows, key=lambda window: window.hour):
        fetched = []
        for each in session.fetch(group):
            fetched.append(each)
            report.windows.append(each.report)
            log(f"  {each.report}")
        if session.archive(hour, fetched):
            report.hours.append(hour.key)
            log(f"{hour}: {sum(each.report.sales for each in fetched)} sales archived as {session.collector}")
        report.requests, report.why = session.requests, session.ended
        if report.why:
            return
