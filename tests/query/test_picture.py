import pytest

from tidemark.query.chart import Chart
from tidemark.query.picture import picture

CHARTS = [
    Chart("bar", "What sold?", ["cats", "dogs"], {"sales": [4.0, 2.0]}),
    Chart("line", "Floor?", [f"day {n}" for n in range(40)], {"low": [1.0] * 40, "p10": [2.0] * 40}),
    Chart("heat", "When?", ["Mon", "Tue"], {"hour": [9.0, 11.0], "sales": [4.0, 2.0]}),
]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.kind)
def test_a_chart_becomes_a_png_or_an_svg(chart: Chart) -> None:
    assert picture(chart, "png").startswith(b"\x89PNG\r\n")
    assert b"<svg" in picture(chart, "svg")


@pytest.mark.parametrize("kind", ["bar", "line"])
@pytest.mark.filterwarnings("error")
def test_a_label_is_no_formula_and_may_be_in_any_script(kind: str) -> None:
    assert picture(Chart(kind, "t", [r"$\bad{$", "狗"], {"v": [1.0, 2.0]}), "png")
