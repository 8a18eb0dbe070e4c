"""`tidemark down`: stop what `tidemark up` started."""

import typer


def down() -> None:
    """Stop the system that `tidemark up` keeps running from this folder. What it recorded is kept.

    A system that was started in another folder is not stopped; it is shown with the command that stops it.

    \b
    Example:
      tidemark down
    """
    from tidemark.local.up.control import RUN, bring_down, running_elsewhere

    if bring_down(RUN):
        typer.echo("Tidemark is down.")
        return
    elsewhere = running_elsewhere(RUN)
    typer.echo("Nothing is up in this folder." if elsewhere else "Nothing was up.")
    for run, _ in elsewhere:
        typer.echo(f"Tidemark is up in {run.parents[1]}. To stop it: cd {run.parents[1]} && tidemark down")
    if elsewhere:
        raise typer.Exit(1)
