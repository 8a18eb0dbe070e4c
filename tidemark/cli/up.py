"""`tidemark up`: the whole system on this machine, kept running."""

from typing import Annotated

import typer

_JOIN_TIMEOUT = 30.0


def up(
    port: Annotated[
        int, typer.Option(help="Port of the Airflow UI, on loopback; 0: the last one, or 8080.", min=0, max=65535)
    ] = 0,
    demo: Annotated[bool, typer.Option("--demo", help="Show the data of the last demo; nothing is recorded.")] = False,
) -> None:
    """Keep the whole system running on this machine, with the Airflow UI, until `tidemark down`.

    Two collectors record, uploads run after each hour, and Airflow loads each hour into PostgreSQL. With
    OPENSEA_API_KEY they record OpenSea (TIDEMARK_COLLECTIONS and TIDEMARK_EVENT_TYPES select what), without it the
    simulator. A part that ends is started again. What was recorded is kept for the next start. Exit status 0: every
    part runs and, unless --demo, every collector is joined and writing.

    \b
    Examples:
      tidemark up
      tidemark up --demo
      OPENSEA_API_KEY=... TIDEMARK_COLLECTIONS=pudgypenguins tidemark up
    """
    from tidemark.core.errors import Problem
    from tidemark.local.up.control import DEMO, RUN, bring_up
    from tidemark.local.up.settings import UpSettings
    from tidemark.local.up.state import differences, read_state
    from tidemark.local.up.status import addresses, await_recording

    settings = UpSettings()  # the supervisor reads them again; here a mistake is reported at once
    state = read_state(RUN)
    if state:
        typer.echo("Tidemark is up already.")
    elif demo and not DEMO.exists():
        raise Problem(f"there is no demo in {DEMO}", "Run the demo first: tidemark demo")
    differing = differences(state, settings.compared(demo=demo), port) if state else []
    state = state or bring_up(RUN, DEMO if demo else RUN, port, typer.echo)
    troubles = await_recording(state, _JOIN_TIMEOUT)
    typer.echo(addresses(RUN, state))
    for trouble in troubles:
        typer.echo(f"NOT RECORDING  {trouble}", err=True)
    if troubles:
        typer.echo("  The collectors keep trying. Look again: tidemark status --local", err=True)
    for difference in differing:
        typer.echo(f"NOT IN USE  {difference}", err=True)
    if differing:
        typer.echo("  To use the new settings: tidemark down, then tidemark up", err=True)
    if troubles or differing:
        raise typer.Exit(1)
