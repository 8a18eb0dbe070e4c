"""`tidemark simulate`: a simulator of OpenSea on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from tidemark.core.errors import UsageError


def simulate(
    *,
    ledger: Annotated[Path, typer.Option(help="The ledger of what was sent to which client.")] = Path(".run/simulator"),
    host: Annotated[str, typer.Option(help="The address to listen on; in a container 0.0.0.0.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8700,
    rate: Annotated[float, typer.Option(min=0, help="Messages per real second.")] = 100.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 1,
    sales_share: Annotated[float, typer.Option(min=0, max=0.5, help="The share of sales.")] = 0.02,
    old_share: Annotated[float, typer.Option(min=0, max=1, help="The share in the wire format of 2024.")] = 0.0,
    again_share: Annotated[float, typer.Option(min=0, max=1, help="The share of sales that are sent again.")] = 0.01,
    hard_share: Annotated[
        float, typer.Option(min=0, max=1, help="The share of transactions whose sales are hard to tell apart or read.")
    ] = 0.0,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL=KEY",
            envvar="TIDEMARK_SIMULATOR_KEYS",
            help="A client's name in the ledger and its API key; repeat for more.",
        ),
    ] = None,
    recording: Annotated[Path | None, typer.Option(help="Send this JSON Lines file instead of a market.")] = None,
    fault: Annotated[list[str] | None, typer.Option(metavar="JSON", help="A fault to inject; repeat for more.")] = None,
    server: Annotated[str, typer.Option(help="The web server under Phoenix: cowboy or bandit.")] = "cowboy",
    idle_seconds: Annotated[float, typer.Option(min=0, help="How long a client may be silent.")] = 60.0,
    api_limit: Annotated[int, typer.Option(min=0, help="Requests a minute to the Events API.")] = 120,
    certificate: Annotated[Path | None, typer.Option(help="Serve over TLS, with this PEM file and its key.")] = None,
    until: Annotated[str, typer.Option(metavar="HOUR", help="The first hour in which nothing is sent.")] = "",
    clock: Annotated[str, typer.Option(envvar="TIDEMARK_CLOCK", help="A clock that runs at another rate.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one line of JSON.")] = False,
) -> None:
    """Simulate OpenSea: its Stream API and its Events API, with a market and with faults on demand.

    A client needs one of the keys; without --key, the only key is `demo`. Ctrl-C stops it.

    \b
    Example:
      tidemark simulate --rate 200 --key collector-a=key-a --key collector-b=key-b
      tidemark simulate --fault '{"fault": "close", "code": 1011, "after": 30}'
    """
    from tidemark.core.clock import Clock
    from tidemark.core.hour import Hour
    from tidemark.simulator.faults import read_fault
    from tidemark.simulator.options import Options, read_keys, read_server
    from tidemark.simulator.run import run

    try:
        options = Options(
            ledger=ledger,
            keys=read_keys(key or ["demo=demo"]),
            host=host,
            port=port,
            rate=rate,
            seed=seed,
            sales_share=sales_share,
            old_share=old_share,
            hard_share=hard_share,
            again_share=again_share,
            recording=recording,
            server=read_server(server),
            idle_seconds=idle_seconds,
            api_limit=api_limit,
            certificate=certificate,
            until=Hour.parse(until) if until else None,
            clock=Clock.parse(clock),
            faults=tuple(map(read_fault, fault or [])),
        )
    except ValueError as error:
        raise UsageError(f"an option cannot be understood: {error}", "See tidemark simulate --help.") from error
    run(options, as_json=as_json)
