from decimal import Decimal

import pytest

from tidemark.core.errors import Problem
from tidemark.query.answer import Answer
from tidemark.query.chart import chart_of
from tidemark.query.question import question

HEAT = Answer(("weekday", "hour", "sales"), [("Mon", 9, 4), ("Mon", 11, 2), ("Tue", 9, 1)])


def test_rows_that_lack_a_number_are_left_out() -> None:
    answer = Answer(("collection", "volume_eth"), [("cats", Decimal("1.5")), ("fish", None), (None, Decimal(1))])
    chart = chart_of(question("collection_volume"), answer)
    assert (chart.kind, chart.labels, chart.curves) == ("bar", ["cats", "(none)"], {"volume_eth": [1.5, 1.0]})


def test_a_heat_map_has_a_cell_for_every_row_and_column() -> None:
    assert chart_of(question("heat_map"), HEAT).grid() == (["Mon", "Tue"], [9, 11], [[4.0, 2.0], [1.0, 0.0]])


def test_nothing_to_draw_is_a_problem() -> None:
    with pytest.raises(Problem, match="top_sales has no chart"):
        chart_of(question("top_sales"), Answer((), []))
    with pytest.raises(Problem, match="nothing to draw"):
        chart_of(question("heat_map"), Answer(HEAT.columns, []))


def test_a_long_label_is_cut_and_says_so() -> None:
    long = Answer(("chain", "sales"), [("x" * 255, 1)])
    assert chart_of(question("chains"), long).labels == ["x" * 27 + "…"]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(Problem, match="needs the column 'sales'"):
        chart_of(question("chains"), Answer(("chain",), [("base",)]))


def test_every_chart_is_of_numbers() -> None:
    with pytest.raises(TypeError, match="'many' cannot be drawn"):
        chart_of(question("chains"), Answer(("chain", "sales"), [("base", "many")]))
