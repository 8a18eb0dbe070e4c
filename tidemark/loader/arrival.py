"""Which manifests are awaited before an hour is loaded."""

from collections.abc import Iterable
from datetime import datetime

from tidemark.core.hour import Hour
from tidemark.loader.hours import check_has_begun, missing_collectors
from tidemark.loader.settings import LoaderSettings


def awaited(wanted: Iterable[Hour], settings: LoaderSettings, now: datetime) -> dict[Hour, list[str]]:
    """Return, for each hour within its grace period, the collectors whose manifest is not there yet.

    The grace period counts from an hour's end, so hours that are long past are never waited for. Raises Problem for an
    hour of the future that is not in the archive: its run would wait until it begins.
    """
    late = {hour: missing_collectors(hour, settings) for hour in wanted if settings.awaits(hour, now)}
    for hour, collectors in late.items():
        if collectors:
            check_has_begun(hour, now)
    return {hour: collectors for hour, collectors in late.items() if collectors}
