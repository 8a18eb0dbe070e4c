"""The simulator as a program: started, watched, and stopped by a signal."""

import asyncio
import json
import signal

from rich.console import Console

from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

EVERY = 1.0
PLAIN_EVERY = 10


def run(options: Options, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises Problem where the port is taken, the recording cannot be read, or the ledger cannot be written any more.
    """
    asyncio.run(_serve(options, as_json=as_json))


async def _serve(options: Options, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(options) as simulator:
        simulator.tick_task.add_done_callback(lambda _: stop.set())
        if as_json:
            print(json.dumps(simulator.addresses), flush=True)
            await stop.wait()
            return
        for name, address in simulator.addresses.items():
            print(f"{name:12}{address}")
        await _show_progress(simulator, stop)


async def _show_progress(simulator: Simulator, stop: asyncio.Event) -> None:
    """Show the counts: in place on a terminal, else as a new line every ten seconds."""
    console = Console()
    seconds = 0
    with console.status("listening") as status:
        while not stop.is_set():
            seconds += 1
            line = simulator.hub.summary()
            status.update(line)
            if not console.is_terminal and seconds % PLAIN_EVERY == 0:
                print(line, flush=True)
            try:
                await asyncio.wait_for(stop.wait(), EVERY)
            except TimeoutError:
                continue
    print(f"stopped: {simulator.hub.summary()}")
