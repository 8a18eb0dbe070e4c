from decimal import Decimal

from rich.console import Console
from rich.table import Table

from loader.query.answer import Answer
from loader.query.disk import question
from loader.query.table import table_of, table_of_parameters, table_of_questions


def printed(table: Table, width: int = 100) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_numbers_stand_to_the_right_and_nothing_is_cut() -> None:
    wallet = "0x" + "ab" * 20
    text = printed(table_of(Answer(("wallet", "eth"), [(wallet, Decimal("1.5")), (None, Decimal(1000))])), width=40)
    assert "".join(line.split("│")[0].strip() for line in text.splitlines()[2:]) == wallet
    assert [line.split("│")[1] for line in text.splitlines()[2:] if line.split("│")[1].strip()] == [
        "   1.5 ",
        " 1,000 ",
    ]


def test_a_value_cannot_style_the_table() -> None:
    assert "[red]cats[/]" in printed(table_of(Answer(("[b]name",), [("[red]cats[/]",)])))


def test_questions_are_listed_with_what_has_to_be_given_in_capitals() -> None:
    text = printed(table_of_questions([question("floor_price")]), width=160)
    assert "floor_price" in text
    assert "COLLECTION from to" in text


def test_parameters_are_listed_with_their_defaults() -> None:
    text = printed(table_of_parameters(question("floor_price")))
    assert "--collection │ text  │ (to be given)" in text
    assert "newest-30d" in text
