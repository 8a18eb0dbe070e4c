"""`tidemark check`: whether this machine is ready for its programs."""

from enum import StrEnum
from typing import Annotated

import typer


class Program(StrEnum):
    """A program that can be checked."""

    COLLECTOR = "collector"
    UPLOADER = "uploader"
    LOADER = "loader"
    READER = "reader"
    AIRFLOW = "airflow"


def check(
    program: Annotated[
        list[Program] | None, typer.Argument(help="Default: every program whose settings are found here.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Leave out what needs the network.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
) -> None:
    """Check the settings of this machine, what it can reach, and what it may do there.

    Collector: settings, spool, disk, clock, metrics, proxy and the key (one topic is joined and left). Uploader: the
    rights in the bucket, and that it never overwrites (probe objects are put and deleted). Loader: the archive, the
    warehouse with its encoding, migrations, roles and rights, and the Events API. Reader: whether the warehouse may be
    asked. Airflow: its database and its health.
    Nothing else is changed. Exit status 0: nothing failed. What the warehouse holds is checked by `tidemark verify`.

    \b
    Examples:
      tidemark check
      tidemark check collector uploader --json
    """
    import os
    from dataclasses import asdict

    import msgspec
    from rich.console import Console

    from tidemark.check.programs import check_programs
    from tidemark.check.report import table
    from tidemark.cli.failures import explained_in_parts
    from tidemark.storage.settings import read_dotenv

    variables = {**read_dotenv(), **os.environ}
    environ = {name: value for name, value in variables.items() if value}
    console = Console(highlight=False, stderr=as_json)
    results = []
    with console.status("checking") as status:
        programs = [each.value for each in program or []]
        for result in check_programs(
            programs, variables, lambda error: explained_in_parts(error, environ), offline=offline
        ):
            status.update(f"{result.program}: {result.check} {result.state}")
            results.append(result)
    failed = sum(result.state == "failed" for result in results)
    if as_json:
        typer.echo(msgspec.json.encode([asdict(result) for result in results]))
    else:
        console.print(table(results))
        checked = sum(result.state != "skipped" for result in results)
        console.print(f"\n{checked} checks, {failed} failed." if checked else "\nNothing to check: no settings found.")
    if failed or all(result.state == "skipped" for result in results):
        raise typer.Exit(1)
