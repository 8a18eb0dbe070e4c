"""`tidemark down`: end what `tidemark up` started."""

import typer


def down() -> None:
    """End the system that `tidemark up` keeps running. What it recorded stays.

    \b
    Example:
      tidemark down
    """
    from tidemark.local.up.control import RUN, bring_down

    typer.echo("Tidemark is down." if bring_down(RUN) else "Nothing was up.")
