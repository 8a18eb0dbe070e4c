"""One run of repairs: ask for what is open, the newest first, and archive what was learnt, hour by hour."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from tidemark.archive.names import MANIFEST_TYPE, SEGMENT_TYPE, ManifestKey
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.core.version import VERSION
from tidemark.loader.repair.fetch import Fetch
from tidemark.loader.repair.http import EventsApi, FaultError, NoMoreError, client_of
from tidemark.loader.repair.objects import hour_objects, run_name
from tidemark.loader.repair.postgres import open_stretches
from tidemark.loader.repair.report import Asked, RepairReport
from tidemark.loader.repair.stretch import Stretch
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.runs import require_migrated
from tidemark.storage.postgres import connected
from tidemark.storage.s3 import S3Store, s3_client

Say = Callable[[str], object]


def repair_gaps(
    settings: LoaderSettings, first: Hour, last: Hour, *, dry_run: bool = False, say: Say = print
) -> RepairReport:
    """Fetch and archive what no collector covered in the loaded hours from `first` to `last`.

    The hours that the report names are then to be loaded again; that marks the gaps as repaired. Without a key, and
    in a dry run, nothing is asked for and the gaps stay as visible as they were. Raises Problem where the key is
    refused or the archive cannot be written.
    """
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        stretches = open_stretches(connection, first, last)
    now = settings.clock.at(time.time())
    report = RepairReport(
        collector=run_name(now, secrets.token_hex(2)),
        open_stretches=len(stretches),
        open_seconds=sum((stretch.end - stretch.start).total_seconds() for stretch in stretches),
    )
    say(f"{first} to {last}: open stretches: {report.open_stretches}, {report.open_seconds:,.0f} s")
    if settings.opensea_api_key is None:
        report.why = "OPENSEA_API_KEY is not set, so the Events API cannot be asked"
    elif dry_run:
        report.why = "a dry run asks for nothing"
        report.asked = [_asked(Fetch(stretch), None) for stretch in stretches]
    elif stretches:
        with client_of(settings.api_url, settings.opensea_api_key.get_secret_value()) as client:
            _Run(settings, EventsApi(client, settings.repair_requests), report, say).repair(stretches)
    if report.why:
        say(f"what is left stays open: {report.why}")
    return report


class _Run:
    """What one run shares: the API and its budget, the archive, and the report that grows."""

    def __init__(self, settings: LoaderSettings, api: EventsApi, report: RepairReport, say: Say) -> None:
        self._settings = settings
        self._api = api
        self._report = report
        self._say = say
        self._store = S3Store(s3_client(), settings.bucket)

    def repair(self, stretches: Iterable[Stretch]) -> None:
        """Work through open stretches, in order, until all are asked for or no more requests make sense."""
        for hour, group in groupby(stretches, key=lambda stretch: stretch.hour):
            self._archive(hour, list(self._fetched(group)))
            self._report.requests = self._api.requests
            if self._report.why:
                return

    def _fetched(self, stretches: Iterable[Stretch]) -> Iterator[Fetch]:
        for stretch in stretches:
            fetch = Fetch(stretch)
            self._ask(fetch)
            self._report.asked.append(_asked(fetch, self._report.why))
            self._say(f"  {self._report.asked[-1]}")
            yield fetch
            if self._report.why:
                return

    def _ask(self, fetch: Fetch) -> None:
        try:
            while not fetch.ended:
                page, events = self._api.page(fetch.stretch.path, fetch.query)
                fetch.take(page, events, self._now())
        except FaultError as error:
            fetch.fault = str(error)
        except NoMoreError as error:
            self._report.why = str(error)

    def _archive(self, hour: Hour, fetches: list[Fetch]) -> None:
        covered = [fetch.covered for fetch in fetches if fetch.covered]
        sales = {text: at for fetch in fetches for text, at in fetch.sales.items()}
        if not covered and not sales:
            return
        key = ManifestKey(self._settings.prefix, self._report.collector, hour)
        objects = hour_objects(key, sales, covered, software=VERSION, now=self._now())
        for name, data in objects.items():
            media_type = MANIFEST_TYPE if name == str(key) else SEGMENT_TYPE
            self._store.put(name, data, sha256=sha256(data).hexdigest(), media_type=media_type)
        self._report.hours.append(hour.key)
        self._say(f"{hour}: {len(sales)} sales archived under {key}")

    def _now(self) -> datetime:
        return self._settings.clock.at(time.time())


def _asked(fetch: Fetch, why: str | None) -> Asked:
    stretch, covered = fetch.stretch, fetch.covered
    return Asked(
        hour=stretch.hour.key,
        topic=stretch.topic,
        start=format_timestamp(stretch.start),
        seconds=(stretch.end - stretch.start).total_seconds(),
        covered_seconds=(covered.end - covered.start).total_seconds() if covered else 0.0,
        sales=len(fetch.sales),
        why=fetch.fault or (None if fetch.done else why),
    )
