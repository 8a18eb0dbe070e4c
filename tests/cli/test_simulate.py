from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidemark.cli.main import app
from tidemark.core.errors import Problem


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--until", "tomorrow"], "'tomorrow' is not an hour"),
        (["--clock", "fast"], "'fast' is not a clock"),
        (["--key", "secret"], "LABEL=KEY"),
        (["--fault", '{"fault":"earthquake"}'], "earthquake"),
        (["--recording", "nothing.jsonl"], "nothing.jsonl cannot be read"),
        (["--ledger", "/dev/null/ledger"], "/dev/null/ledger cannot be written"),
    ],
)
def test_a_mistake_is_one_clear_problem(tmp_path: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["simulate", "--port", "0", "--ledger", str(tmp_path), *options])
    assert isinstance(result.exception, Problem)
    assert said in result.exception.what
    assert "secret" not in str(result.exception)
