import sys
from decimal import Decimal
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tidemark.query.page.charts import bars, lines

SVG = "{http://www.w3.org/2000/svg}"


def heights(svg: str) -> list[float]:
    found = [bar for group in ET.fromstring(svg).iter(f"{SVG}g") if group.get("class") == "bar" for bar in group]
    return [float(bar.get("height", 0)) for bar in found if bar.tag == f"{SVG}rect"]


def test_an_unknown_value_has_no_bar_and_zero_has_one_without_height() -> None:
    found = heights(bars("Sales", ["a", "b", "c", "d"], ["a"], [Decimal(2), None, Decimal(0), Decimal(4)]))
    assert len(found) == 3
    assert found[0] * 2 == found[2]
    assert found[1] == 0


def test_there_is_nothing_that_a_strict_policy_refuses() -> None:
    svg = bars("Sales", ["a"], ["a"], [Decimal(1)])
    for refused in ("<script", "<style", "style=", "href", "<!--"):
        assert refused not in svg


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20))
def test_a_title_and_a_label_are_text_and_never_markup(text: str) -> None:
    root = ET.fromstring(bars(f"<script>{text}", [f"</svg>{text}"], [], [Decimal(1)]))
    assert root.get("aria-label") == f"<script>{text}"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "g", "rect", "path", "text", "title"}


def test_as_many_labels_are_written_as_there_is_room_for() -> None:
    labels = [f"l{number}" for number in range(168)]
    root = ET.fromstring(bars("Sales", labels, labels[::6], [Decimal(1)] * 168))
    written = [text.text for text in root.iter(f"{SVG}text") if (text.text or "").startswith("l")]
    assert written == labels[::24]


def test_the_library_leaves_nothing_in_pythons_imports() -> None:
    assert [finder for finder in sys.meta_path if type(finder).__module__ == "pygal"] == []


def test_a_line_is_interrupted_where_its_value_is_unknown() -> None:
    one, two = Decimal(1), Decimal(2)
    svg = lines("Floor", ["a", "b", "c", "d", "e"], ["a"], {"floor": [one, two, None, two, one], "offer": [one] * 5})
    paths = [group for group in ET.fromstring(svg).iter(f"{SVG}g") if "serie-" in str(group.get("class"))]
    drawn = [len([path for path in group if path.tag == f"{SVG}path"]) for group in paths]
    assert [number for number in drawn if number] == [2, 1]


def test_a_value_between_unknown_ones_is_still_a_dot() -> None:
    svg = lines("Floor", ["a", "b", "c"], ["a"], {"floor": [None, Decimal(2), None]})
    assert len(list(ET.fromstring(svg).iter(f"{SVG}circle"))) == 1
