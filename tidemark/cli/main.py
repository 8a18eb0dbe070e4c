"""The command `tidemark`, and the one place where errors become messages and exit statuses."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, NoReturn, TextIO, cast

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from tidemark.cli.failures import FAILED, explained
from tidemark.cli.output import patient
from tidemark.core.errors import Problem
from tidemark.core.version import SOFTWARE
from tidemark.storage.failures import failure_of
from tidemark.storage.settings import read_dotenv

GROUPS: dict[str, tuple[str, ...]] = {
    "First": ("check",),
    "Record (the operator of a collector, and cron)": ("collect", "upload", "status", "top", "tail", "notify"),
    "Load (the owner of the warehouse, and Airflow)": (
        "migrate", "load", "repair", "audit", "fees", "verify", "detach",
    ),
    "Ask (the analyst)": ("query", "sql", "coverage", "report", "export"),
    "Try (everything on one machine)": ("demo", "up", "down", "simulate"),
}  # fmt: skip
VERBS: tuple[str, ...] = tuple(verb for verbs in GROUPS.values() for verb in verbs)


class _Verbs(TyperGroup):
    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """Return the verbs in the order of their groups."""
        return list(VERBS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]
        """Return a verb. Its help wraps as the terminal does, and shows no value for an option that takes none."""
        command = cast("TyperCommand | None", super().get_command(ctx, cmd_name))
        if command:
            command.help = _unwrapped(command.help or "")
            for each in command.params:
                if isinstance(each, TyperOption) and each.is_flag:
                    each.metavar = ""
        return command


def _unwrapped(text: str) -> str:
    """Put each paragraph of a docstring on one line, for typer keeps its lines; those after a \\b are kept."""
    paragraphs = cleandoc(text).split("\n\n")
    return "\n\n".join(each if each.startswith("\b") else each.replace("\n", " ") for each in paragraphs)


app = typer.Typer(
    name="tidemark",
    cls=_Verbs,
    help="Record the OpenSea stream hour by hour and keep a warehouse of NFT sales that can be trusted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _group, _verbs in GROUPS.items():
    for _verb in _verbs:
        _module = import_module(f"tidemark.cli.{_verb}")
        if hasattr(_module, "app"):  # a verb with commands of its own
            app.add_typer(_module.app, name=_verb, rich_help_panel=_group)
        else:
            app.command(_verb, rich_help_panel=_group)(getattr(_module, _verb))


def _print_version(*, asked: bool) -> None:
    if asked:
        typer.echo(SOFTWARE)
        raise typer.Exit


@app.callback()
def _tidemark(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Make `tidemark` a group of verbs."""


def _take_aws_from_dotenv() -> None:
    """Let `.env` hold boto3's variables beside Tidemark's own; boto3 itself reads only the environment."""
    for name, value in read_dotenv().items():
        if name.startswith("AWS_") and value:
            os.environ.setdefault(name, value)


def main(words: Sequence[str] | None = None) -> None:
    """Run the command, by default with this process's arguments; a failure is a few lines and an exit status not 0."""
    sys.stdout, sys.stderr = patient(sys.stdout), patient(sys.stderr)
    try:
        _check_arguments(sys.argv[1:] if words is None else words)
        _take_aws_from_dotenv()
        app(args=words, standalone_mode=True)
    except SystemExit as end:
        _end(end.code if isinstance(end.code, int) else 0)
    except KeyboardInterrupt:
        _end(130)
    except Exception as error:  # noqa: BLE001 - the one place where an error becomes text
        text, status = explained(error, {**_dotenv_or_nothing(), **os.environ})
        print(text, file=sys.stderr)
        _end(status, told=True)
    _end(0)


def _check_arguments(words: Sequence[str]) -> None:
    for word in words:
        if any("\ud800" <= character <= "\udfff" for character in word):  # how Python keeps bytes that are no UTF-8
            raise Problem(f"the argument {word} is not UTF-8", "Write it in UTF-8, and set LANG to a UTF-8 locale")


def _dotenv_or_nothing() -> dict[str, str]:
    try:
        return {name: value for name, value in read_dotenv().items() if value}
    except Problem:
        return {}


def _end(status: int, *, told: bool = False) -> NoReturn:
    """Exit, unless what was printed could not be written: an output that was cut short is a failure.

    `told` says that what went wrong is on standard error.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        _discard(sys.stdout)
        if not told:
            failure = failure_of(error)
            what = failure.what if failure else error.errno
            print(f"tidemark: the output could not be written: {what}", file=sys.stderr)
            status = status or FAILED
    try:
        sys.stderr.flush()
    except OSError:  # what a log could not take must not become the exit status
        _discard(sys.stderr)
    sys.exit(status)


def _discard(stream: TextIO) -> None:
    """Give what a stream still holds to nobody; Python would write it later, into the file that has the number then."""
    with Path(os.devnull).open("wb") as nobody:
        os.dup2(nobody.fileno(), stream.fileno())
    stream.flush()
