"""`tidemark verify`: look for wrong rows in the whole warehouse."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidemark.cli.completion import checks_beginning

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from tidemark.loader.checks import Check, Failure


def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Only these. Default: all.", metavar="CHECK", autocompletion=checks_beginning),
    ] = None,
    *,
    rows: Annotated[
        int, typer.Option("--rows", min=1, metavar="NUMBER", help="How many wrong rows to show of each check.")
    ] = 5,
    wide: Annotated[
        bool, typer.Option("--wide", help="Show every column and every value whole, however long the lines.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead, one object per check.")] = False,
) -> None:
    """Check the whole warehouse: no sale is there twice, and roll-ups, coverage and books agree with the sales.

    The checks are those that load_sales runs over each hour it has loaded; some find more in all hours together. Run
    them after a restore, an upgrade, or when in doubt. They only read, also beside loads, and need the role
    tidemark_loader. Of many sales they take long: each is a line with its time as it ends, and Ctrl-C ends all. Exit
    status 1: a check found wrong rows.

    \b
    Examples:
      tidemark verify
      tidemark verify sale_in_two_months sale_times --rows 20
      tidemark verify --json > found.json
    """
    from time import monotonic

    from tidemark.loader.checks import each_check
    from tidemark.query.table import console
    from tidemark.storage.settings import WarehouseSettings

    chosen, url = _chosen(names), WarehouseSettings().warehouse_url
    paper = console(stderr=as_json)
    objects = []
    began = since = monotonic()
    with paper.status(f"checking {chosen[0].name}") as status:
        for place, (check, failure) in enumerate(each_check(url, chosen, rows), 1):
            now = monotonic()
            paper.print(_line(check, failure, now - since))
            if failure and not as_json:
                _show(paper, failure, wide=wide or not paper.is_terminal)
            objects.append(_object(check, failure, now - since))
            status.update(f"checking {chosen[place].name}" if place < len(chosen) else "")
            since = now
    if as_json:
        _print(objects)
    wrong = sum(each["wrong_rows"] > 0 for each in objects)
    said = f"{wrong} found wrong rows" if wrong else "nothing is wrong"
    paper.print(f"\n{len(chosen)} check{'s' * (len(chosen) > 1)} in {since - began:,.1f} s: {said}.")
    if wrong:
        raise typer.Exit(1)


def _chosen(names: list[str] | None) -> "list[Check]":
    """Return the checks of these names, or all; dashes do as well as underscores."""
    from tidemark.loader.checks import checks

    every = {check.name: check for check in checks()}
    wanted = dict.fromkeys(name.replace("-", "_") for name in names or every)
    if unknown := [name for name in wanted if name not in every]:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(every)}", param_hint="CHECK")
    return [every[name] for name in wanted]


def _line(check: "Check", failure: "Failure | None", seconds: float) -> "Text":
    from rich.text import Text

    result = f"{failure.count:,} wrong row{'s' * (failure.count != 1)}" if failure else "ok"
    return Text.assemble(
        f"{check.name:<24} ", (f"{result:<20}", "bold red" if failure else "green"), f"{seconds:>9,.1f} s"
    )


def _show(paper: "Console", failure: "Failure", *, wide: bool) -> None:
    """Print below its line what a check found, and what to do."""
    from rich.padding import Padding

    from tidemark.query.answer import Answer
    from tidemark.query.table import console, table_of

    indent = 2
    fitted = table_of(Answer(failure.columns, failure.rows), paper.width - indent, wide=wide)
    left = failure.count - len(failure.rows)
    said = [f"{left:,} more row{'s' * (left != 1)}; --rows shows more."] if left else []
    said += [f"Not shown, for lack of room: {', '.join(fitted.left_out)}. --wide shows all."] if fitted.left_out else []
    paper.print(Padding(f"{failure.check.wrong}\nNext: {failure.check.next}", (0, 0, 1, indent), expand=False))
    (console(100_000) if wide else paper).print(Padding(fitted.table, (0, 0, 1, indent), expand=False))
    if said:
        paper.print(Padding("\n".join(said), (0, 0, 1, indent), expand=False))


def _object(check: "Check", failure: "Failure | None", seconds: float) -> dict[str, Any]:
    import msgspec

    from tidemark.query.answer import Answer
    from tidemark.query.export import as_json

    return {
        "check": check.name, "wrong_rows": failure.count if failure else 0, "seconds": round(seconds, 3),
        "wrong": check.wrong, "next": check.next,
        "first": msgspec.Raw(as_json(Answer(failure.columns, failure.rows)) if failure else b"[]"),
    }  # fmt: skip


def _print(objects: list[dict[str, Any]]) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(objects), indent=1))
