"""The command `tidemark`, and the one place where errors become messages and exit statuses."""

import os
import sys
from importlib import import_module
from typing import Annotated

import pydantic
import typer

from tidemark.core.errors import Problem
from tidemark.core.version import SOFTWARE
from tidemark.storage.settings import read_dotenv

GROUPS: dict[str, tuple[str, ...]] = {
    "Record (the operator of a collector, and cron)": ("collect", "upload", "status"),
    "Load (the owner of the warehouse, and Airflow)": ("migrate", "load", "repair", "audit"),
    "Ask (the analyst)": ("query", "coverage"),
    "Try (everything on one machine)": ("demo", "up", "down", "simulate"),
}
VERBS: tuple[str, ...] = tuple(verb for verbs in GROUPS.values() for verb in verbs)
PREFIXES = ("AWS_", "OPENSEA_", "TIDEMARK_")

app = typer.Typer(
    name="tidemark",
    help="Record the OpenSea stream hour by hour and keep a warehouse of NFT sales that can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _group, _verbs in GROUPS.items():
    for _verb in _verbs:
        _module = import_module(f"tidemark.cli.{_verb}")
        _settings = getattr(_module, "CONTEXT_SETTINGS", None)
        app.command(_verb, rich_help_panel=_group, context_settings=_settings)(getattr(_module, _verb))


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


def _setting_mistakes(error: pydantic.ValidationError) -> str:
    """Name every wrong setting by its environment variable, without its value: it may be a secret."""
    return "\n".join(f"  {_variable(*mistake['loc'])}{mistake['msg']}" for mistake in error.errors())


def _variable(name: str | int = "", *_: str | int) -> str:
    """Return the start of a mistake's line; a mistake that concerns several settings names them in its text."""
    variable = str(name).upper()
    return f"{variable if variable.startswith(PREFIXES) else 'TIDEMARK_' + variable}: " if variable else ""


def _take_aws_from_dotenv() -> None:
    """Let `.env` hold boto3's variables beside Tidemark's own; boto3 itself reads only the environment."""
    for name, value in read_dotenv().items():
        if name.startswith("AWS_") and value:
            os.environ.setdefault(name, value)


def main() -> None:
    """Run the command; every expected failure is one clear message and a non-zero exit status."""
    try:
        _take_aws_from_dotenv()
        app()
    except Problem as problem:
        print(f"tidemark: {problem.what}\n  Next: {problem.hint}", file=sys.stderr)
        sys.exit(1)
    except pydantic.ValidationError as error:
        mistakes = _setting_mistakes(error)
        print(
            f"tidemark: these settings are wrong or missing:\n{mistakes}\n  Next: set them in the environment "
            "or in .env; docs/settings.md describes each",
            file=sys.stderr,
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
