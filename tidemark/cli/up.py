"""`tidemark up`: the whole system on this machine, kept running."""

from typing import Annotated

import typer


def up(
    port: Annotated[int, typer.Option(help="Port of the Airflow UI, on loopback.", min=1, max=65535)] = 8080,
    demo: Annotated[bool, typer.Option("--demo", help="Show what the last demo left; nothing is recorded.")] = False,
) -> None:
    """Keep the whole system running on this machine, with the Airflow UI, until `tidemark down`.

    Two collectors record, uploads run after each hour, and Airflow loads each hour into PostgreSQL. The stream is
    OpenSea's when OPENSEA_API_KEY is set (TIDEMARK_COLLECTIONS and TIDEMARK_EVENT_TYPES say what of it), else that of
    the simulator. What was recorded stays when the system goes down, and is there when it comes up again.

    \b
    Examples:
      tidemark up
      OPENSEA_API_KEY=... TIDEMARK_COLLECTIONS=pudgypenguins,doodles-official tidemark up --port 8090
    """
    from tidemark.local.up.control import DEMO, RUN, bring_up
    from tidemark.local.up.settings import UpSettings
    from tidemark.local.up.status import addresses

    UpSettings()  # the supervisor reads them again; here a mistake is still seen
    state = bring_up(RUN, DEMO if demo else RUN, port, typer.echo)
    typer.echo(addresses(RUN, state))
