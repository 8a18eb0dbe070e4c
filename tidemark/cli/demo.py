"""`tidemark demo`: the whole system on this machine, three hours in a minute and a half."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[Path, typer.Option(help="The folder of the demo; emptied at the start.")] = Path(".run/demo"),
) -> None:
    """Run the whole system on this machine: three hours in a minute and a half, with faults, and a report.

    A simulator of OpenSea sells NFTs. Two collectors record it; one loses its connection, one is killed, and OpenSea
    fails for both. Uploads run as cron would run them, and a real Airflow loads the hours into PostgreSQL. The
    simulator also makes the week before them. Needs no key, no account and no Docker. Exit status 0: every sale that
    any collector received is in the warehouse exactly once.

    \b
    Example:
      tidemark demo
    """
    from rich.console import Console

    from tidemark.local.demo.run_demo import run_demo

    console = Console()
    raise typer.Exit(0 if run_demo(folder, console) else 1)
