"""`tidemark upload`: put sealed segments into the archive."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from collector.upload.report import Event, Report


def upload(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Compress sealed segments, put each into the archive once, and write the manifests of finished hours.

    Made for cron, and safe at any time: it repairs what a dead process left, continues a run that was interrupted, and
    does nothing while another upload of the same spool runs. Exit status 0: everything due is in the archive and was
    read back, or another upload is running. Exit status 1: something due is still in the spool.

    \b
    Example, every five minutes:
      */5 * * * *  tidemark upload
    """
    import sys
    from dataclasses import asdict
    from typing import TextIO, cast

    import msgspec
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from collector.output import LossyStream
    from collector.settings import UploadSettings
    from collector.upload import uploader
    from collector.upload.folders import UploadRunningError
    from collector.upload.steps import connect

    settings = UploadSettings()
    # nobody who has stopped reading ends an upload; that the output could not be written is said at the end
    output = cast("TextIO", LossyStream(sys.stderr if as_json else sys.stdout))
    console = Console(file=output, highlight=False, markup=False, soft_wrap=True)
    columns = (TextColumn("uploading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            report = uploader.upload(settings, connect(settings), lambda event: _show(progress, event))
    except UploadRunningError as busy:
        console.print(f"{busy.what}. {busy.hint}")
        if as_json:
            typer.echo(msgspec.json.encode({"busy": True}))
        return
    console.print(_last_line(report))
    if as_json:
        typer.echo(msgspec.json.encode({"busy": False, "complete": report.complete, **asdict(report)}))
    if not report.complete:
        raise typer.Exit(1)


def _show(progress: "Progress", event: "Event") -> None:
    """Print an event as a line, and let the bar follow the bytes that were uploaded."""
    from collector.upload.report import Committed, Planned, Uploaded

    match event:
        case Planned():
            progress.add_task("upload", total=event.bytes or None, visible=event.segments > 0)
        case Uploaded():
            progress.advance(progress.task_ids[0], event.bytes)
            sizes = f"{_megabytes(event.bytes)} to {_megabytes(event.compressed_bytes)}"
            again = _again(created=event.created)
            progress.console.print(f"{event.name}  {sizes}  {event.seconds:.1f} s{again}")
        case Committed():
            segments, records = _count(event.segments, "segment"), _count(event.records, "record")
            again = _again(created=event.created)
            line = f"{event.hour}  committed: {segments}, {records}, {_count(event.gaps, 'gap')}{again}"
            progress.console.print(line)
        case _:
            progress.console.print(f"{event.what}  FAILED: {event.problem}\n  Next: {event.hint}")


def _last_line(report: "Report") -> str:
    done = f"{_count(len(report.uploaded), 'segment')} and {_count(len(report.committed), 'hour')} archived"
    if report.complete:
        return f"upload complete: {done}, {_count(report.deleted, 'local file')} deleted"
    return f"upload INCOMPLETE: {done}; {len(report.failed):,} failed, {report.waiting:,} waiting"


def _again(*, created: bool) -> str:
    return "" if created else "  (was there already)"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
