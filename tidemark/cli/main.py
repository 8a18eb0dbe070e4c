"""The command `tidemark` and the one place where errors become messages and exit statuses."""

import os
import sys
from importlib import import_module

import pydantic
import typer
from dotenv import dotenv_values

from tidemark.core.errors import Problem

VERBS: tuple[str, ...] = (
    "collect",
    "coverage",
    "demo",
    "down",
    "load",
    "migrate",
    "query",
    "repair",
    "simulate",
    "status",
    "up",
    "upload",
)

PREFIXES = ("AWS_", "OPENSEA_", "TIDEMARK_")

app = typer.Typer(
    name="tidemark",
    help="Record the OpenSea stream hour by hour and keep a warehouse of NFT sales that can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verb in VERBS:
    _module = import_module(f"tidemark.cli.{_verb}")
    app.command(_verb, context_settings=getattr(_module, "CONTEXT_SETTINGS", None))(getattr(_module, _verb))


@app.callback()
def _tidemark() -> None:
    """Keep the verbs apart even while there is one."""


def _setting_mistakes(error: pydantic.ValidationError) -> str:
    """Name every wrong setting by its environment variable, without its value: it may be a secret."""
    return "\n".join(f"  {_variable(*mistake['loc'])}{mistake['msg']}" for mistake in error.errors())


def _variable(name: str | int = "", *_: str | int) -> str:
    """Return how a mistake's line begins; one that concerns several settings names them itself."""
    variable = str(name).upper()
    return f"{variable if variable.startswith(PREFIXES) else 'TIDEMARK_' + variable}: " if variable else ""


def _take_aws_from_dotenv() -> None:
    """Let `.env` hold boto3's variables beside Tidemark's own; boto3 itself reads only the environment."""
    for name, value in dotenv_values(".env").items():
        if name.startswith("AWS_") and value:
            os.environ.setdefault(name, value)


def main() -> None:
    """Run the command; every foreseen failure is one clear message and a non-zero exit status."""
    _take_aws_from_dotenv()
    try:
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
