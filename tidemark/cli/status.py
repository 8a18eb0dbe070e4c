"""`tidemark status`: the state of this machine's collector, or of the local system."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from collector.status import Snapshot, Status


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    local: Annotated[bool, typer.Option("--local", help="Show the system that `tidemark up` keeps running.")] = False,
) -> None:
    """Show this machine's collector: its connection, its messages, its spool and what is not uploaded yet.

    Exit status 0: it is joined and writing; with --local, every part of the system works. Otherwise 1.

    \b
    Examples:
      TIDEMARK_SPOOL=/var/lib/tidemark tidemark status
      tidemark status --local
    """
    if local:
        _local()
        return
    import msgspec

    from collector.settings import SpoolSettings
    from collector.status import inspect

    snapshot = inspect(SpoolSettings().spool)
    if as_json:
        typer.echo(msgspec.json.encode(snapshot))
    else:
        from tidemark.query.table import console

        _show(snapshot, console())
    if snapshot.status is None or not snapshot.status.ready:
        raise typer.Exit(1)


def _local() -> None:
    from rich.console import Console

    from tidemark.local.up.control import RUN, running_elsewhere
    from tidemark.local.up.state import read_state
    from tidemark.local.up.status import addresses, overview

    here = read_state(RUN)
    shown = [(RUN, here)] if here else running_elsewhere(RUN)
    if not shown:
        typer.echo("Nothing is up. To start it: tidemark up")
        raise typer.Exit(1)
    works = True
    for run, state in shown:
        if not here:
            typer.echo(f"Tidemark is up in another folder: {run.parents[1]}")
        found = overview(state)
        Console(highlight=False, markup=False).print(found)
        typer.echo(addresses(run, state))
        works = works and found.works
    if not works:
        raise typer.Exit(1)


def _show(snapshot: "Snapshot", console: "Console") -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in [*_collector(snapshot), *_spool(snapshot)]:
        table.add_row(name, text)
    console.print(table)


def _collector(snapshot: "Snapshot") -> list[tuple[str, str]]:
    if snapshot.status:
        return _running(snapshot.status)
    if snapshot.pid:
        return [("collector", f"process {snapshot.pid} holds the spool and does not answer")]
    return [("collector", f"NOT RUNNING; the last entry in its spool is of {snapshot.last_entry}")]


def _running(status: "Status") -> list[tuple[str, str]]:
    state = "joined and writing" if status.ready else "NOT READY: " + "; ".join(status.troubles)
    age = f"{status.last_event_age:.1f} s ago" if status.received else "none yet"
    lag = "unknown" if status.lag is None else f"{status.lag:.2f} s"
    gaps = ", ".join(f"{reason} {seconds:,.0f} s" for reason, seconds in sorted(status.gap_seconds.items()))
    return [
        ("collector", f"{status.collector}  {status.software}  process {status.pid}  since {status.started_at[:19]}"),
        ("state", state),
        ("topics", f"{len(status.joined)} of {len(status.expected)} joined on {status.connections} connection(s)"),
        (
            "messages",
            f"{status.persisted:,} persisted  {status.dropped:,} dropped  {status.persisted_bytes / 1e6:,.1f} MB",
        ),
        ("last message", f"{age}  lag {lag}"),
        ("gaps", gaps or "none"),
    ]


def _spool(snapshot: "Snapshot") -> list[tuple[str, str]]:
    held = snapshot.backlog
    oldest = f", the oldest of {held.oldest}" if held.oldest else ""
    return [
        ("spool", f"{snapshot.spool}  {snapshot.disk_free / 1e9:,.1f} GB free"),
        (
            "backlog",
            f"{held.pending_upload} segments, {held.pending_upload_bytes / 1e6:,.1f} MB, wait for the archive{oldest}",
        ),
    ]
