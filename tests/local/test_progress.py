from io import StringIO

from rich.console import Console

from tidemark.local.progress import Progress


def shown(*, terminal: bool) -> str:
    output = StringIO()
    times = iter([100.0, 101.5, 102.0, 103.25])
    with Progress(Console(file=output, force_terminal=terminal, width=60), lambda: next(times)) as progress:
        progress("PostgreSQL: [ready]")
        progress.show("Airflow comes up")
        progress("done: " + "x" * 80)
    return output.getvalue()


def test_elsewhere_than_on_a_terminal_there_are_plain_lines_and_nothing_moves() -> None:
    assert shown(terminal=False) == "  1.5 s  PostgreSQL: [ready]\n  3.2 s  done: " + "x" * 80 + "\n"


def test_a_terminal_shows_what_goes_on_too() -> None:
    text = shown(terminal=True)
    assert "Airflow comes up" in text
    assert "PostgreSQL: [ready]" in text
