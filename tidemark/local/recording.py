"""The demo's three hours: what happens when, by a clock that passes an hour in twenty seconds."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidemark.core.clock import Clock
from tidemark.core.hour import LENGTH, Hour, hours
from tidemark.local.background import Background
from tidemark.local.environment import COLLECTORS
from tidemark.local.progress import Progress
from tidemark.local.simulator import SimulatorProcess
from tidemark.local.stack import Stack

HOURS = 3
RATE = LENGTH / timedelta(seconds=20)
MESSAGES_PER_SECOND = 60
SALES_SHARE = 0.2
_JOINING = 6.0  # real seconds for the collectors to come up before the first hour
_PULSE = 0.2
# by the demo's clock, on which a real second is three minutes
_CUT = timedelta(minutes=15)
_CRASH = timedelta(minutes=40)
_RESTART = timedelta(minutes=6)
_OUTAGE = timedelta(minutes=30)
_OUTAGE_SECONDS = 1.0  # real ones; three minutes of the demo's clock
_CRON = timedelta(minutes=3)
_A, _B = COLLECTORS


@dataclass(frozen=True)
class Schedule:
    """Which hours are recorded, and the clock that brings them."""

    hours: list[Hour]
    clock: Clock

    @classmethod
    def starting(cls, now: float) -> "Schedule":
        """Return hours of yesterday, which Airflow may load at once; `now` is in real seconds since 1970."""
        first = Hour.of(Clock().at(now) - timedelta(days=1))
        last = Hour(first.start + (HOURS - 1) * LENGTH)
        return cls(list(hours(first, last)), Clock(first.start, now + _JOINING, RATE))


def record(stack: Stack, simulator: SimulatorProcess, schedule: Schedule, progress: Progress) -> None:
    """Let the hours pass, with cron after each, an accident for each collector and one that hits both at once."""

    def until(moment: datetime) -> None:
        while (now := schedule.clock.at(time.time())) < moment:
            progress.meanwhile(f"the collectors record; their clock shows {now:%Y-%m-%d %H:%M}")
            time.sleep(_PULSE)

    def cron(hour: Hour) -> Background[None]:
        until(hour.end + _CRON)
        return stack.background(lambda: _upload(stack, hour))

    first, second, third = schedule.hours
    until(first.start)
    simulator.set_rate(MESSAGES_PER_SECOND)
    uploads = [cron(first)]
    until(second.start + _CUT)
    simulator.strike("reset", client=_A)
    progress(f"{_A}: its connection was cut")
    until(second.start + _CRASH)
    stack.processes[_B].kill()
    progress(f"{_B}: killed with SIGKILL")
    until(second.start + _CRASH + _RESTART)
    stack.start_collector(_B, simulator.source)
    progress(f"{_B}: started again, as systemd would")
    uploads.append(cron(second))
    until(third.start + _OUTAGE)
    simulator.strike("refuse", status=502, seconds=_OUTAGE_SECONDS)
    simulator.strike("close")
    progress(f"OpenSea closes every connection and answers 502 for {_OUTAGE_SECONDS * RATE / 60:.0f} minutes")
    uploads.append(cron(third))
    for upload in uploads:
        upload.result()
    for collector in COLLECTORS:
        stack.processes[collector].stop()
    # on a busy machine it may have come before a collector was done with the hour
    if not all(stack.archived(collector, third) for collector in COLLECTORS):
        progress("cron comes once more, as it would after the next hour")
        _upload(stack, third)


def _upload(stack: Stack, hour: Hour) -> None:
    for collector in COLLECTORS:
        stack.say(f"cron on {collector}, after {hour}: {stack.upload(collector)}")
