"""What is worth waiting for before an hour is loaded."""

from collections.abc import Iterable
from datetime import datetime

from tidemark.core.hour import Hour
from tidemark.loader.hours import missing_collectors
from tidemark.loader.settings import LoaderSettings


def awaited(wanted: Iterable[Hour], settings: LoaderSettings, now: datetime) -> dict[Hour, list[str]]:
    """Return, for each hour that patience still holds for, the collectors whose manifest is not there yet.

    Patience counts from an hour's end, so hours that are long past are never waited for.
    """
    late = {hour: missing_collectors(hour, settings) for hour in wanted if settings.awaits(hour, now)}
    return {hour: collectors for hour, collectors in late.items() if collectors}
