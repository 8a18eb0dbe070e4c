import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.core.errors import Problem
from tidemark.query.answer import Kind
from tidemark.query.question import QUERIES, Plot, Question, question, questions

SQL = """\
-- Grain: one row per UTC day.
-- Answers: How much was sold each day?
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-30d; first day
-- Plot: bar day volume_eth
-- Example: tidemark query daily_volume
-- Sales without a rate are not in the volumes;
-- without_eth counts them.
SELECT 1
-- Plot: none
"""


def test_a_question_is_read_from_its_header() -> None:
    question = Question.parse("daily_volume", SQL)
    assert (question.name, question.grain, question.answers) == (
        "daily_volume", "one row per UTC day.", "How much was sold each day?",
    )  # fmt: skip
    assert [parameter.name for parameter in question.parameters] == ["chain", "from"]
    assert question.plot == Plot("bar", "day", ("volume_eth",))
    assert question.example == "tidemark query daily_volume"
    assert question.note == "Sales without a rate are not in the volumes; without_eth counts them."
    assert question.sql == SQL


def test_a_header_names_the_columns_that_are_no_amounts_by_a_rate() -> None:
    assert Question.parse("q", SQL).kinds == {}
    assert Question.parse("q", "-- Exact: price volume\n-- Whole: items\n" + SQL).kinds == {
        "price": Kind.EXACT, "volume": Kind.EXACT, "items": Kind.WHOLE,
    }  # fmt: skip


def test_a_header_says_what_a_question_reads_beside_its_time() -> None:
    plain, both = Question.parse("q", SQL), Question.parse("q", "-- Needs: orders\n-- Looks: back\n" + SQL)
    assert (plain.needs, plain.looks_back, both.needs, both.looks_back) == ("", False, "orders", True)


@pytest.mark.parametrize("key", ["Grain", "Answers", "Plot", "Example"])
def test_a_header_needs_each_line_once(key: str) -> None:
    lines = SQL.splitlines(keepends=True)
    (line,) = [line for line in lines[:6] if line.startswith(f"-- {key}:")]
    with pytest.raises(ValueError, match=f"exactly one line '-- {key}"):
        Question.parse("q", SQL.replace(line, "", 1))
    with pytest.raises(ValueError, match=f"exactly one line '-- {key}"):
        Question.parse("q", line + SQL)


def test_a_plot_is_read_from_its_line() -> None:
    assert Plot.parse("none") is None
    assert Plot.parse("line day low high") == Plot("line", "day", ("low", "high"))


@pytest.mark.parametrize("text", ["pie day sales", "bar day", ""])
def test_other_plots_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a plot"):
        Plot.parse(text)


@given(st.text() | st.sampled_from(SQL.splitlines()).map(lambda line: line[1:]))
def test_any_other_text_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(ValueError, match="'q' needs exactly one line"):
        Question.parse("q", text)


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


def test_a_faulty_question_is_named_and_disturbs_no_other(tmp_path: Path) -> None:
    (tmp_path / "chains.sql").write_text((QUERIES / "chains.sql").read_text())
    (tmp_path / "mine.sql").write_text("SELECT 1")
    assert question("chains", tmp_path).name == "chains"
    for ask in (lambda: questions(tmp_path), lambda: question("mine", tmp_path)):
        with pytest.raises(Problem, match=r"sql/queries/mine\.sql is not a question: .* needs exactly one line"):
            ask()


def test_every_question_is_in_the_analysts_page() -> None:
    page = (QUERIES.parents[1] / "docs" / "analyst.md").read_text()
    assert [each.name for each in questions() if f"`{each.name}`" not in page] == []
