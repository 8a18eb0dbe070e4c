"""Waiting for the collectors' manifests without a worker: the part of a task that runs in the triggerer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from tidemark.core.hour import Hour
from tidemark.storage.failures import transient

POLL_SECONDS = 10.0


class ManifestsArrived(BaseTrigger):
    """Fires when no collector of these hours is worth waiting for: all have reported, or patience ended."""

    def __init__(self, hours: Sequence[str], poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__()
        self.hours = list(hours)
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer needs to make this trigger anew."""
        return "tidemark.airflow.arrival.ManifestsArrived", {"hours": self.hours, "poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look into the archive every few seconds, beside the other triggers."""
        while await asyncio.to_thread(self.still_waiting):  # noqa: ASYNC110 (an archive can only be asked)
            await asyncio.sleep(self.poll_seconds)
        yield TriggerEvent(None)

    def still_waiting(self) -> bool:
        """Look once; an archive out of reach is looked at again."""
        from tidemark.loader.arrival import awaited
        from tidemark.loader.settings import LoaderSettings

        try:
            return bool(awaited(map(Hour.parse, self.hours), LoaderSettings(), datetime.now(UTC)))
        except Exception as error:
            if not transient(error):
                raise
            self.log.warning("The archive is out of reach (%s); looking again", type(error).__name__)
            return True
