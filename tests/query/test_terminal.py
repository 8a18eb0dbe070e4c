import pytest

from tidemark.query.chart import Chart
from tidemark.query.terminal import drawn


def test_bars_stand_in_the_order_of_the_rows_and_fit() -> None:
    assert drawn(Chart("bar", "What sold?", ["cats", "狗", ""], {"sales": [1234.5, 617.25, 0.0]}), 30).splitlines() == [
        "What sold? sales",
        "cats 1,234.5 " + "█" * 17,
        "狗    617.25 " + "█" * 8,
        "           0 ",
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 19, 20, 30, 200])
def test_every_bar_is_as_long_as_its_value(count: int) -> None:
    heights = [float(count - place) for place in range(count)]
    chart = Chart("bar", "t", [f"label {place}" for place in range(count)], {"v": heights})
    _, *bars = drawn(chart, count + 15).splitlines()
    room = max(bar.count("█") for bar in bars)
    assert room >= count - 1
    assert [bar.count("█") for bar in bars] == [round(height / count * room) for height in heights]


def test_bars_below_zero_have_no_length_but_their_number() -> None:
    assert drawn(Chart("bar", "t", ["a", "b"], {"v": [-2.0, 0.0]}), 30).splitlines()[1:] == ["a -2 ", "b  0 "]


def test_lines_carry_their_names_and_no_colours() -> None:
    text = drawn(Chart("line", "Floor?", ["Mon", "Tue", "Wed"], {"low": [1.0, 2.0, 1.5], "p10": [2.0, 2.5, 2.0]}), 80)
    assert text.splitlines()[0].strip() == "Floor? ● low ○ p10"
    assert "●" in text.split("\n", 1)[1]
    assert "○" in text.split("\n", 1)[1]
    assert "Mon" in text
    assert "\x1b" not in text


def test_names_that_have_no_room_beside_the_title_stand_below_it() -> None:
    for kind in ("bar", "line"):
        chart = Chart(kind, "What were the lowest prices?", ["Mon", "Tue"], {"low_eth": [1.0, 2.0]})
        assert drawn(chart, 30).splitlines()[0] == "What were the lowest prices?"
        assert "low_eth" in drawn(chart, 30).splitlines()[1]


def test_a_second_chart_shows_nothing_of_the_first() -> None:
    drawn(Chart("bar", "First?", ["cats"], {"sales": [4.0]}), 60)
    second = drawn(Chart("line", "Second?", ["a", "b"], {"x": [1.0, 2.0]}), 60)
    assert "cats" not in second
    assert "First?" not in second


def test_one_point_and_equal_values_can_be_drawn() -> None:
    assert "only" in drawn(Chart("line", "t", ["only"], {"x": [1.0]}), 60)
    assert "cats" in drawn(Chart("bar", "t", ["cats"], {"x": [0.0]}), 60)


def test_a_heat_map_of_a_week_fits_80_columns() -> None:
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    cells = [(day, float(hour)) for day in days for hour in range(24)]
    curves = {"hour": [hour for _, hour in cells], "sales": [1000.0 + hour for _, hour in cells]}
    text = drawn(Chart("heat", "When in the week is most sold?", [day for day, _ in cells], curves), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) == 10


def test_a_heat_map_shades_by_the_largest_cell() -> None:
    chart = Chart("heat", "When?", ["Mon", "Mon", "Tue"], {"hour": [9.0, 11.0, 9.0], "sales": [4.0, 2.0, 1.0]})
    assert drawn(chart, 60).splitlines() == [
        "When?",
        "      9 11",
        "Mon  ██ ▒▒",
        "Tue  ░░   ",
        "██ is 4 sales",
    ]
