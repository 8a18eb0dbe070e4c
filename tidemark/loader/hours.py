"""Hours of the archive into the warehouse: what Airflow, the command line and the demo call, and nothing deeper."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from tidemark.core.errors import Problem
from tidemark.core.hour import Hour, hours
from tidemark.core.version import VERSION
from tidemark.loader.s3 import Listed, S3Archive, archive_client, fingerprint
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.detach import closed_before, require_open
from tidemark.loader.warehouse.load import Loading, Run, add_month, load
from tidemark.loader.warehouse.runs import LoadReport, fingerprints, last_run, report_of, require_migrated
from tidemark.loader.warehouse.turns import lock_hour
from tidemark.storage.postgres import connected

NO_MANIFEST = fingerprint(())
APART = 6  # loads of hours that are nearer to each other change the same hours' figures, and wait for each other


def load_hour(
    hour: Hour,
    settings: LoaderSettings,
    *,
    force: bool = False,
    collectors: Sequence[str] | None = None,
    log: Callable[[str], object] = print,
    loading: Loading = load,
) -> LoadReport:
    """Load one hour in one transaction, and report it.

    An hour whose manifests are those of its last load is left as it is, unless `force`. `collectors` limits the load
    to some of those that recorded the hour. If an expected collector has no manifest for the hour, the whole hour is a
    gap for it; if none has, this holds after the grace period, and only after the first hour that was ever recorded.
    The same for a collector that is left out and was never loaded. Raises Problem; then nothing of the hour has
    changed.
    """
    started = datetime.now(UTC)
    archive = _archive(settings)
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        require_open(connection, hour)  # a closed hour must not bring its month back
        add_month(connection, hour)
        lock_hour(connection, hour, log)
        require_open(connection, hour)  # under the lock: a month may have just been detached
        there = archive.listed(hour)  # not before: another load may have just ended
        last = last_run(connection, hour)
        listed = _chosen(there, hour, collectors)
        lost = last is not None and last["fingerprint"] != NO_MANIFEST
        if not there:
            _check_has_begun(hour, started)
            if lost or not _given_up(hour, settings, started):
                raise Problem(
                    f"the archive has no manifest of {hour.key}: no collector has uploaded that hour",
                    "Run `tidemark upload` on the collectors' machines; an hour is uploaded once it is over",
                )
            _check_was_to_be_recorded(hour, archive)
        mark, missing = fingerprint(listed), _missing(there, settings)
        unchanged = not force and last is not None and last["fingerprint"] == mark
        if not unchanged:
            run = Run(
                hour=hour,
                manifests=[archive.manifest(one) for one in listed],
                fingerprint=mark,
                started_at=started,
                software=VERSION,
                force=force,
                again=last is not None,
                missing=_missing(listed, settings),
                topics=[f"collection:{slug}" for slug in settings.collections],
                book_depth=settings.orders_kept,
                transfers=settings.transfers_kept,
            )
            loading(connection, run, archive.chunks, log)
        report = report_of(connection, hour, missing, unchanged=unchanged)
        connection.commit()
    log(str(report))
    return report


def spread(wanted: Sequence[Hour]) -> list[Hour]:
    """Return successive hours in an order in which neighbours can be loaded side by side."""
    return [hour for first in range(APART) for hour in wanted[first::APART]]


def awaited(wanted: Iterable[Hour], settings: LoaderSettings, now: datetime) -> dict[Hour, list[str]]:
    """Return, for each hour within its grace period, the collectors whose manifest is not there yet.

    The grace period counts from an hour's end, so hours that are long past are never waited for. Raises Problem for an
    hour of the future that is not in the archive: its run would wait until it begins.
    """
    archive = _archive(settings)
    late = {hour: _missing(archive.listed(hour), settings) for hour in wanted if settings.awaits(hour, now)}
    for hour, collectors in late.items():
        if collectors:
            _check_has_begun(hour, now)
    return {hour: collectors for hour, collectors in late.items() if collectors}


def stale_hours(settings: LoaderSettings, first: Hour, last: Hour) -> list[Hour]:
    """Return the hours from `first` to `last` whose archive changed after they were loaded, or that never were.

    An hour without any manifest is among them when an earlier one of the range was recorded, its grace period is over,
    and the warehouse has nothing of it: it is a gap.
    """
    archive = _archive(settings)
    days = dict.fromkeys(hour.start.date() for hour in hours(first, last))
    listed = sorted((one for day in days for one in archive.listed_on(day)), key=lambda one: one.key.hour)
    found = {hour: fingerprint(group) for hour, group in groupby(listed, key=lambda one: one.key.hour)}
    with connected(settings.warehouse_url) as connection:
        require_migrated(connection)
        known, closed = fingerprints(connection, first, last), closed_before(connection)
    begun, now = min([*found, *known], default=last.next()), datetime.now(UTC)
    silent = {hour: NO_MANIFEST for hour in hours(begun, last) if hour not in known and _given_up(hour, settings, now)}
    wanted = silent | found
    stale = [hour for hour in hours(first, last) if hour in wanted and wanted[hour] != known.get(hour)]
    return [hour for hour in stale if closed is None or hour.start >= closed]


def _archive(settings: LoaderSettings) -> S3Archive:
    return S3Archive(archive_client(settings), settings.bucket, settings.prefix)


def _missing(there: list[Listed], settings: LoaderSettings) -> list[str]:
    reported = {one.key.collector for one in there}
    return [collector for collector in settings.collectors if collector not in reported]


def _given_up(hour: Hour, settings: LoaderSettings, now: datetime) -> bool:
    """Tell whether an hour was to be recorded and the grace period for its manifests is over."""
    return bool(settings.collectors) and not settings.awaits(hour, now)


def _check_was_to_be_recorded(hour: Hour, archive: S3Archive) -> None:
    """Raise Problem for an hour before the first recorded one, which is no gap to repair."""
    first = archive.first_recorded()
    if first is None or hour.start < first.start:
        began = f"the first recorded hour is {first.key}" if first else "the archive has no hour at all"
        raise Problem(
            f"no collector was recording in {hour.key}: {began}",
            "Check the hour, TIDEMARK_BUCKET and TIDEMARK_PREFIX; nothing was loaded, and no gap was written",
        )


def _check_has_begun(hour: Hour, now: datetime) -> None:
    """Raise Problem for an hour of the future."""
    if hour.start > now:
        raise Problem(f"{hour.key} is in the future: it is {Hour.of(now).key} now, in UTC", "Name an hour that is over")


def _chosen(listed: list[Listed], hour: Hour, collectors: Sequence[str] | None) -> list[Listed]:
    there = [one.key.collector for one in listed]
    present = ", ".join(there) or "no collector"
    if missing := sorted(set(collectors or ()) - set(there)):
        raise Problem(
            f"the archive has no manifest of {hour.key} by {', '.join(missing)}, only by {present}",
            "Run `tidemark upload` on that collector's machine, or leave it out",
        )
    return [one for one in listed if not collectors or one.key.collector in collectors]
