from decimal import Decimal

import pytest

from archive.problem import Problem
from loader.query.answer import Answer
from loader.query.chart import chart_of
from loader.query.disk import question

HEAT = Answer(("weekday", "hour", "sales"), [("Mon", 9, 4), ("Mon", 11, 2), ("Tue", 9, 1)])


def test_rows_that_lack_a_number_are_left_out() -> None:
    answer = Answer(("collection", "volume_eth"), [("cats", Decimal("1.5")), ("fish", None), (None, Decimal(1))])
    chart = chart_of(question("collection_volume"), answer)
    assert (chart.kind, chart.labels, chart.curves) == ("bar", ["cats", ""], {"volume_eth": [1.5, 1.0]})


def test_a_heat_map_has_a_cell_for_every_row_and_column() -> None:
    assert chart_of(question("heat_map"), HEAT).grid() == (["Mon", "Tue"], [9, 11], [[4.0, 2.0], [1.0, 0.0]])


def test_nothing_to_draw_is_a_problem() -> None:
    with pytest.raises(Problem, match="top_sales has no chart"):
        chart_of(question("top_sales"), Answer((), []))
    with pytest.raises(Problem, match="nothing to draw"):
        chart_of(question("heat_map"), Answer(HEAT.columns, []))


def test_every_chart_is_of_numbers() -> None:
    with pytest.raises(TypeError, match="'many' cannot be drawn"):
        chart_of(question("chains"), Answer(("chain", "sales"), [("base", "many")]))
