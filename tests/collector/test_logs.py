"""Logs: JSON for machines, text for a person, and never more than one line per event."""

import json
from collections.abc import Iterator

import pytest
import structlog

from collector import logs


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_json_is_one_object_a_line_whatever_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    structlog.get_logger().warning("it happened", value='"\n{"level":"info"}', count=3)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {"event": "it happened", "value": '"\n{"level":"info"}', "count": 3, "level": "warning"}


def test_a_person_gets_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    structlog.get_logger().info("it happened", count=3)
    said = capsys.readouterr().err
    assert "it happened" in said
    assert not said.startswith("{")


def test_elsewhere_than_on_a_terminal_auto_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auto")
    structlog.get_logger().info("it happened")
    structlog.get_logger().debug("not this")
    assert json.loads(capsys.readouterr().err)["event"] == "it happened"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_value(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(form)  # type: ignore[arg-type]
    secret = "hush-hush"
    try:
        {}[len(secret)]
    except KeyError:
        structlog.get_logger().exception("it failed")
    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "hush-hush" not in said.replace('secret = "hush-hush"', "")
