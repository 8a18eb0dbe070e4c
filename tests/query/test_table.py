from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.table import Table

from tidemark.query.answer import Answer
from tidemark.query.question import question
from tidemark.query.table import console, table_of, table_of_parameters, table_of_questions


def printed(table: Table, width: int = 100) -> str:
    paper = console(width)
    with paper.capture() as capture:
        paper.print(table)
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
    text = printed(table_of(Answer(("[b]name", ":cat:"), [("[red]cats[/]", "back\\")])))
    assert [line.split() for line in text.splitlines() if "─" not in line and "━" not in line] == [
        ["[b]name", "┃", ":cat:"],
        ["[red]cats[/]", "│", "back\\"],
    ]


def test_what_does_not_fit_stands_record_below_record() -> None:
    row = (datetime(2026, 11, 20, 10, tzinfo=UTC), "pudgypenguins", Decimal(10) ** 30, None)
    answer = Answer(("sold_at", "collection", "quantity", "seller"), [row, row])
    lines = [[cell.strip() for cell in line.split("│")] for line in printed(table_of(answer, 60), 60).splitlines()]
    record = [
        ["sold_at", "2026-11-20 10:00:00"],
        ["collection", "pudgypenguins"],
        ["quantity", "1" + ",000" * 10],
        ["seller", ""],
    ]
    assert [line for line in lines if len(line) == 2] == [*record, *record]


def test_names_break_at_their_underscores_before_anything_else_does() -> None:
    answer = Answer(("day", "volume_eth_clean", "without_eth"), [(date(2026, 11, 20), Decimal("5.5"), 1)])
    assert [line.split() for line in printed(table_of(answer, 40), 40).splitlines() if "━" not in line] == [
        ["┃", "volume_", "┃"],
        ["┃", "eth_", "┃", "without_"],
        ["day", "┃", "clean", "┃", "eth"],
        ["2026-11-20", "│", "5.5", "│", "1"],
    ]


@pytest.mark.parametrize("width", [60, 80, 120, 240])
def test_no_digit_is_lost_at_any_width(width: int) -> None:
    columns = ("sold_at", "collection", *(f"amount_{place}" for place in range(8)), "hash")
    amounts = [Decimal(f"{place}23456.789012") for place in range(1, 9)]
    answer = Answer(columns, [(datetime(2026, 11, 20, 10, tzinfo=UTC), "pudgypenguins", *amounts, "0x" + "ab" * 32)])
    text = printed(table_of(answer, width), width)
    assert all(f"{amount:,}" in text for amount in amounts)
    assert "2026-11-20 10:00:00" in text
    assert max(map(len, text.splitlines())) <= width


def test_nothing_wraps_in_a_pipe() -> None:
    assert console().width > 10_000


def test_questions_are_listed_with_what_has_to_be_given_in_capitals() -> None:
    text = printed(table_of_questions([question("floor_price")]), width=160)
    assert "floor_price" in text
    assert "COLLECTION from to" in text


def test_parameters_are_listed_with_their_defaults() -> None:
    text = printed(table_of_parameters(question("floor_price")))
    assert "--collection │ text  │ (to be given)" in text
    assert "newest-30d" in text
