"""The command `tidemark` and the one place where errors become messages and exit statuses."""

import sys
from importlib import import_module

import pydantic
import typer

from archive.problem import Problem

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

app = typer.Typer(
    name="tidemark",
    help="Record the OpenSea stream hour by hour and keep a warehouse of NFT sales that can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verb in VERBS:
    _module = import_module(f"cli.{_verb}")
    app.command(_verb, context_settings=getattr(_module, "CONTEXT_SETTINGS", None))(getattr(_module, _verb))


@app.callback()
def _tidemark() -> None:
    """Keep the verbs apart even while there is one."""


def _setting_mistakes(error: pydantic.ValidationError) -> str:
    """Name every wrong setting by its environment variable, without its value: it may be a secret."""
    names = (str(mistake["loc"][0]).upper() if mistake["loc"] else "settings" for mistake in error.errors())
    return "\n".join(
        f"  {name if name.startswith(('AWS_', 'OPENSEA_', 'TIDEMARK_')) else 'TIDEMARK_' + name}: {mistake['msg']}"
        for name, mistake in zip(names, error.errors(), strict=True)
    )


def main() -> None:
    """Run the command; every foreseen failure is one clear message and a non-zero exit status."""
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
