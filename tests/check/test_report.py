import socket
from io import StringIO

from pydantic import BaseModel
from rich.console import Console

from tidemark.check.report import Check, Result, Warned, run_checks, table
from tidemark.core.errors import Problem


def fail(error: Exception) -> Check:
    def run() -> str:
        raise error

    return Check("one", run)


def unexpected(error: Exception) -> tuple[str, str]:
    return f"{type(error).__name__}, reference 1", "report it"


def test_each_outcome_of_a_check_is_a_result() -> None:
    checks = [
        Check("good", lambda: "fine"),
        Check("soon", lambda: Warned("little room", "Make room")),
        fail(Problem("it is broken", "Mend it")),
        fail(socket.gaierror(-2, "secret-host")),
    ]
    good, soon, broken, nameless = run_checks("loader", checks)
    assert good == Result("loader", "good", "ok", "fine")
    assert soon == Result("loader", "soon", "warning", "little room", "Make room")
    assert broken == Result("loader", "one", "failed", "it is broken", "Mend it")
    assert (nameless.state, nameless.note) == ("failed", "its name cannot be resolved")


def test_a_wrong_setting_is_named_without_its_value() -> None:
    class Sample(BaseModel):
        bucket: int

    def run() -> str:
        return str(Sample.model_validate({"bucket": "s3cret"}))

    (result,) = run_checks("loader", [Check("settings", run)])
    assert result.state == "failed"
    assert result.note.startswith("TIDEMARK_BUCKET: ")
    assert "s3cret" not in result.note


def test_an_unexpected_error_fails_its_check_alone() -> None:
    checks = [fail(ZeroDivisionError("s3cret")), Check("good", lambda: "fine")]
    fault, good = run_checks("loader", checks, unexpected)
    assert (fault.state, fault.note, fault.hint) == ("failed", "ZeroDivisionError, reference 1", "report it")
    assert good.state == "ok"


def test_the_table_fits_80_columns_and_a_note_is_no_markup() -> None:
    results = [
        Result("collector", "key and clock", "failed", "[red]x[/red] " + "word " * 30, "Do this " * 10),
        Result("airflow", "settings", "skipped", "not used here"),
    ]
    console = Console(width=80, file=StringIO())
    with console.capture() as capture:
        console.print(table(results))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert "[red]x[/red]" in capture.get()
    assert "Next: Do this" in capture.get()
