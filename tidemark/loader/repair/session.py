"""What repair and audit share: windows are fetched one after the other, and archived hour by hour."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from tidemark.archive.names import MANIFEST_TYPE, SEGMENT_TYPE, ManifestKey
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.core.version import VERSION
from tidemark.loader.repair.faults import ApiFault, FaultError
from tidemark.loader.repair.http import EventsApi
from tidemark.loader.repair.objects import Line, hour_objects
from tidemark.loader.repair.page import Event
from tidemark.loader.repair.window import GapWindow, Paging
from tidemark.loader.settings import LoaderSettings
from tidemark.storage.object_store import ObjectStore

# Windows in a row that the API answers with something else; after them it is taken to be away altogether.
MOST_FAILED = 3
_PASSING = {ApiFault.OUT_OF_ORDER, ApiFault.REPEATED_CURSOR, ApiFault.ENDLESS, ApiFault.OUTSIDE}
_ALONE = {ApiFault.REFUSED, ApiFault.BUDGET}


@dataclass(slots=True)
class WindowReport:
    """One window that was asked for.

    `covered_seconds` of its `seconds` are known now. Of the events that were fetched, `sales` can be loaded and
    `set_aside` cannot be read. `fault` names what ended it early and `why` says it in words.
    """

    hour: str
    topic: str
    start: str
    seconds: float
    covered_seconds: float = 0.0
    sales: int = 0
    set_aside: int = 0
    fault: str | None = None
    why: str | None = None

    @classmethod
    def of(cls, window: GapWindow) -> "WindowReport":
        """Return the report of a window that nothing is known of yet."""
        return cls(window.hour.key, window.topic, format_timestamp(window.start), window.seconds)

    @property
    def repaired(self) -> bool:
        """Whether some of it is known, and everything that was fetched can be loaded."""
        return self.covered_seconds > 0 and not self.set_aside

    def __str__(self) -> str:
        known = f"{self.covered_seconds:,.1f} of {self.seconds:,.1f} s known, {self.sales} sales"
        aside = f", {self.set_aside} set aside" if self.set_aside else ""
        return (
            f"{self.hour} {self.topic} from {self.start[11:19]}: {known}{aside}{f' ({self.why})' if self.why else ''}"
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a window brought: its paging, its events with their record lines, and the report on it."""

    paging: Paging
    lines: dict[Event, Line]
    report: WindowReport


class Session:
    """One run against the Events API. `collector` is the id under which it archives.

    `ended` says why no further request makes sense.
    """

    def __init__(
        self, settings: LoaderSettings, api: EventsApi, store: ObjectStore, collector: str, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._api = api
        self._store = store
        self._now = now
        self._failed = 0
        self._parts = 0
        self.collector = collector
        self.ended: str | None = None

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return self._api.requests

    def fetch(self, windows: Iterable[GapWindow]) -> Iterator[Fetched]:
        """Fetch windows, in order, until all are asked for or no more requests make sense."""
        for window in windows:
            if self.ended:
                return
            report = WindowReport.of(window)
            paging = self._paged(window, report)
            if paging.fault in _PASSING and not self.ended:
                paging = self._paged(window, report)
            lines = {event: Line.of(event, at) for event, at in paging.events.items()}
            covered = paging.covered
            report.covered_seconds = (covered.end - covered.start).total_seconds() if covered else 0.0
            report.sales = sum(line.is_sale for line in lines.values())
            report.set_aside = len(lines) - report.sales
            yield Fetched(paging, lines, report)

    def archive(self, hour: Hour, fetched: Iterable[Fetched]) -> bool:
        """Put what was fetched for an hour into the archive; return whether there was anything.

        A window of which events were set aside gets a collector's id of its own: the loader takes the coverage of a
        run for proven only where it could load all of its lines.
        """
        clean: list[Fetched] = []
        parts: list[tuple[str, list[Fetched]]] = [(self.collector, clean)]
        for each in fetched:
            if each.report.set_aside:
                self._parts += 1
                parts.append((f"{self.collector}-{self._parts}", [each]))
            else:
                clean.append(each)
        put = [self._put(ManifestKey(self._settings.prefix, name, hour), part) for name, part in parts]
        return any(put)

    def _put(self, key: ManifestKey, part: list[Fetched]) -> bool:
        lines = {event: line for each in part for event, line in each.lines.items()}
        covered = [each.paging.covered for each in part if each.paging.covered]
        if lines or covered:
            objects = hour_objects(key, list(lines.values()), covered, software=VERSION, now=self._now())
            for name, data in objects.items():
                media_type = MANIFEST_TYPE if name == str(key) else SEGMENT_TYPE
                self._store.put(name, data, sha256=sha256(data).hexdigest(), media_type=media_type)
        return bool(lines or covered)

    def _paged(self, window: GapWindow, report: WindowReport) -> Paging:
        """Ask for all pages of a window; the report takes a fault."""
        paging = Paging(window)
        report.fault = report.why = None
        try:
            while not paging.ended:
                paging.take(self._api.page(window.path, paging.query), self._now())
            self._failed = 0
            if paging.fault:
                report.fault, report.why = paging.fault, paging.fault.sentence
        except FaultError as error:
            report.fault, report.why = error.fault, str(error)
            self._failed += error.fault not in _ALONE
            if error.ends_run or self._failed >= MOST_FAILED:
                self.ended = report.why
        return paging
