from loader.query.chart import Chart
from loader.query.terminal import drawn


def test_bars_stand_in_the_order_of_the_rows_and_fit() -> None:
    lines = drawn(Chart("bar", "What sold?", ["cats", "dogs"], {"sales": [4.0, 2.0]}), 60).splitlines()
    assert "What sold?" in lines[0]
    assert max(len(line) for line in lines) <= 60
    cats, dogs = (next(line for line in lines if name in line) for name in ("cats", "dogs"))
    assert lines.index(cats) < lines.index(dogs)
    assert cats.count("█") > dogs.count("█") > 0


def test_lines_carry_their_names_and_no_colours() -> None:
    text = drawn(Chart("line", "Floor?", ["Mon", "Tue", "Wed"], {"low": [1.0, 2.0, 1.5], "p10": [2.0, 2.5, 2.0]}), 80)
    assert "low" in text
    assert "p10" in text
    assert "Mon" in text
    assert "\x1b" not in text


def test_a_second_chart_shows_nothing_of_the_first() -> None:
    drawn(Chart("bar", "First?", ["cats"], {"sales": [4.0]}), 60)
    second = drawn(Chart("line", "Second?", ["a", "b"], {"x": [1.0, 2.0]}), 60)
    assert "cats" not in second
    assert "First?" not in second


def test_one_point_and_equal_values_can_be_drawn() -> None:
    assert "only" in drawn(Chart("line", "t", ["only"], {"x": [1.0]}), 60)
    assert "cats" in drawn(Chart("bar", "t", ["cats"], {"x": [0.0]}), 60)


def test_a_heat_map_shades_by_the_largest_cell() -> None:
    chart = Chart("heat", "When?", ["Mon", "Mon", "Tue"], {"hour": [9.0, 11.0, 9.0], "sales": [4.0, 2.0, 1.0]})
    assert drawn(chart, 60).splitlines() == [
        "When?",
        "              9 11",
        "Mon          ██ ▒▒",
        "Tue          ░░   ",
        "██ is 4 sales",
    ]
