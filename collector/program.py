"""The collector as a process: signals, logs, and the loop it runs on."""

import asyncio
import signal

from collector.run import collect
from collector.settings import CollectorSettings


def main(settings: CollectorSettings) -> None:
    """Run until SIGTERM or SIGINT. Raises Problem where it cannot start."""
    asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: CollectorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await collect(settings, stop)
