"""What the pages of first steps say that a person will see is what the programs print."""

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from collector.settings import METRICS_PORT
from tests.loader.warehouse.test_runs import REPORT
from tests.local.demo.test_report import YES, hour
from tests.local.up.test_status import state_of
from tidemark.archive.names import CoverageName, ManifestKey, ObjectKey, SegmentName
from tidemark.archive.reasons import Reason
from tidemark.core.hour import Hour
from tidemark.local.demo.reconciliation import Reconciliation
from tidemark.local.demo.report import report
from tidemark.local.figures import Figures
from tidemark.local.up.status import addresses

START = Path(__file__).parents[2] / "docs" / "start"
HOUR = Hour.parse("2026-11-22T15")


def blocks(page: str) -> list[str]:
    """The blocks of a page that show output."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (START / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    return [block for language, block in found if not language]


def blank(text: str) -> list[str]:
    """The lines with every number the same, and every space."""
    return [re.sub(r"\s+", " ", re.sub(r"[0-9][0-9.,]*", "0", line)).strip() for line in text.splitlines()]


def test_the_newcomer_sees_the_answer_and_the_addresses(tmp_path: Path) -> None:
    answer, up = blocks("newcomer.md")
    console = Console(width=80, file=StringIO())
    with console.capture() as printed:
        console.print(report(Figures([hour(HOUR)], []), YES))
    assert printed.get().rstrip().endswith(answer.rstrip())
    state = state_of(tmp_path, "postgresql://x/w")
    shown = addresses(Path(".run/up"), state).replace("p4ss", "…").replace(state.ui, "http://127.0.0.1:8080")
    assert up.rstrip() in shown.replace(state.page, "http://127.0.0.1:8081")


def test_the_readme_ends_its_report_as_the_demo_does() -> None:
    shown = (START.parents[1] / "README.md").read_text().partition("exactly once: yes\n```")[0]
    received, loaded, in_gaps = re.findall(
        r"([0-9,]+) different sales were received, ([0-9,]+) are in.*during its gaps: ([0-9,]+)", shown, re.DOTALL
    )[0]
    numbers = (int(each.replace(",", "")) for each in (received, loaded, in_gaps))
    console = Console(width=80, file=StringIO())
    with console.capture() as printed:
        console.print(report(Figures([hour(HOUR)], []), Reconciliation(*numbers)))
    assert [line.rstrip() for line in printed.get().rstrip().splitlines()[-3:-1]] == shown.splitlines()[-3:-1]


def test_the_person_in_airflow_sees_the_account_of_an_hour() -> None:
    (log,) = blocks("airflow.md")
    real = replace(REPORT, collectors=["collector-a", "collector-b"], missing=[], quarantined=0, gaps=[])
    assert blank(log) == blank(str(real))


def test_the_owner_of_cron_sees_the_keys_of_the_archive() -> None:
    line, listed = blocks("cron.md")
    shipped = (START.parents[1] / "deploy" / "cron" / "tidemark-upload").read_text()
    assert re.sub("^[0-9]+", "MINUTE", line.strip()) in shipped
    keys = [each.removeprefix("… ") for each in listed.splitlines()]
    assert keys == [str(ObjectKey("", "collector-a", SegmentName(HOUR, 1))), str(ManifestKey("", "collector-a", HOUR))]


def test_the_operator_sees_the_open_files_the_port_and_the_reason() -> None:
    page = (START / "operator.md").read_text()
    (files,) = blocks("operator.md")
    assert [Path(file).name for file in files.splitlines()] == [str(SegmentName(HOUR, 1)), str(CoverageName(HOUR))]
    assert f"localhost:{METRICS_PORT}/readyz" in page
    assert f"`{Reason.PROCESS_DIED}`" in page
