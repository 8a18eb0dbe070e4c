import re
from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.query import disk
from tidemark.query.disk import QUERIES, question, questions


def test_every_question_has_a_header_that_can_be_read() -> None:
    names = [each.name for each in questions()]
    assert names == sorted(names)
    assert all(each.example.startswith(f"tidemark query {each.name}") for each in questions())


def test_every_parameter_is_used_and_every_used_one_declared() -> None:
    for each in questions():
        body = "\n".join(line for line in each.sql.splitlines() if not line.startswith("--"))
        used = set(re.findall(r"(?<![:\w]):([a-z]+)", body))
        assert used == {parameter.name for parameter in each.parameters}, each.name


def test_a_question_is_found_by_its_name() -> None:
    assert question("top_sales").name == question("top-sales").name == "top_sales"


def test_an_unknown_question_names_the_nearest() -> None:
    with pytest.raises(Problem, match="there is no question 'flor_price'") as caught:
        question("flor_price")
    assert "floor_price" in caught.value.hint
    with pytest.raises(Problem) as caught:
        question("../../etc/passwd")
    assert caught.value.hint == "`tidemark query` lists them all"


def test_a_faulty_question_is_named_and_disturbs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chains.sql").write_text((QUERIES / "chains.sql").read_text())
    (tmp_path / "mine.sql").write_text("SELECT 1")
    monkeypatch.setattr(disk, "QUERIES", tmp_path)
    assert question("chains").name == "chains"
    for ask in (questions, lambda: question("mine")):
        with pytest.raises(Problem, match=r"sql/queries/mine\.sql is not a question: .* needs exactly one line"):
            ask()


def test_every_question_is_in_the_analysts_page() -> None:
    page = (QUERIES.parents[1] / "docs" / "analyst.md").read_text()
    assert [each.name for each in questions() if f"`{each.name}`" not in page] == []
