"""The demo's three hours: what happens when, by a clock that passes an hour in twenty seconds."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidemark.core.clock import Clock
from tidemark.core.hour import LENGTH, Hour, hours
from tidemark.local.background import Background
from tidemark.local.environment import COLLECTORS
from tidemark.local.progress import Progress
from tidemark.local.services.simulator import SimulatorProcess
from tidemark.local.stack import Stack

HOURS = 3
WEEK = timedelta(days=7)  # which the demo's hours end
RATE = LENGTH / timedelta(seconds=20)
MESSAGES_PER_SECOND = 60
SALES_SHARE = 0.2
_START_UP = 6.0  # real seconds for the collectors to start before the first hour
_POLL = 0.2
# by the demo's clock, on which a real second is three minutes
_DROP_AFTER = timedelta(minutes=20)
_DROP_SECONDS = 3.0  # real ones; nine minutes of the demo's clock
_DROP_SHARE = 0.3
_RESET_AFTER = timedelta(minutes=15)
_KILL_AFTER = timedelta(minutes=40)
_RESTART_AFTER = timedelta(minutes=6)
_OUTAGE_AFTER = timedelta(minutes=30)
_OUTAGE_SECONDS = 1.0  # real ones; three minutes of the demo's clock
_UPLOAD_AFTER = timedelta(minutes=3)
_A, _B = COLLECTORS


@dataclass(frozen=True)
class Schedule:
    """Which hours are recorded, and the clock that runs through them."""

    hours: list[Hour]
    clock: Clock

    @classmethod
    def starting(cls, now: float) -> "Schedule":
        """Return hours of yesterday, which Airflow may load at once; `now` is in real seconds since 1970."""
        first = Hour.of(Clock().at(now) - timedelta(days=1))
        last = Hour(first.start + (HOURS - 1) * LENGTH)
        return cls(list(hours(first, last)), Clock(first.start, now + _START_UP, RATE))

    @property
    def before(self) -> tuple[Hour, Hour]:
        """The first and the last hour of the rest of the week, which is made and not recorded."""
        return Hour(self.hours[-1].end - WEEK), Hour(self.hours[0].start - LENGTH)


def record(stack: Stack, simulator: SimulatorProcess, schedule: Schedule, progress: Progress) -> None:
    """Record the hours: an upload after each, one fault for each collector, and two that hit both at once."""

    def until(time_of: datetime) -> None:
        while (now := schedule.clock.at(time.time())) < time_of:
            progress.show(f"recording; the demo's clock shows {now:%Y-%m-%d %H:%M}")
            time.sleep(_POLL)

    def upload_after(hour: Hour) -> Background[None]:
        until(hour.end + _UPLOAD_AFTER)
        return stack.background(lambda: _upload(stack))

    first, second, third = schedule.hours
    until(first.start)
    simulator.set_rate(MESSAGES_PER_SECOND)
    until(first.start + _DROP_AFTER)
    simulator.inject("drop", share=_DROP_SHARE, seconds=_DROP_SECONDS)
    minutes = _DROP_SECONDS * RATE / 60
    progress(f"OpenSea sends {_DROP_SHARE:.0%} of its messages to no client for {minutes:.0f} minutes")
    uploads = [upload_after(first)]
    until(second.start + _RESET_AFTER)
    simulator.inject("reset", client=_A)
    progress(f"{_A}: connection reset")
    until(second.start + _KILL_AFTER)
    stack.collectors[_B].kill()
    progress(f"{_B}: killed with SIGKILL")
    until(second.start + _KILL_AFTER + _RESTART_AFTER)
    stack.start_collector(_B, simulator.source)
    progress(f"{_B}: started again, as systemd would do")
    uploads.append(upload_after(second))
    until(third.start + _OUTAGE_AFTER)
    simulator.inject("refuse", status=502, seconds=_OUTAGE_SECONDS)
    simulator.inject("close")
    progress(f"OpenSea closes every connection and answers 502 for {_OUTAGE_SECONDS * RATE / 60:.0f} minutes")
    uploads.append(upload_after(third))
    for upload in uploads:
        upload.result()
    for collector in COLLECTORS:
        stack.collectors[collector].stop()
    # on a busy machine the upload may have run before a collector had finished the hour
    if not all(stack.archived(collector, third) for collector in COLLECTORS):
        progress("uploading once more, as cron would do an hour later")
        _upload(stack)


def _upload(stack: Stack) -> None:
    for collector in COLLECTORS:
        done = stack.upload(collector).removeprefix("upload complete: ").partition(", 0 local files")[0]
        stack.log(f"upload of {collector}: {done}")
