from pathlib import Path

from sqlalchemy import Connection, text

from tools.warehouse_page import EXAMPLES, Column, Relation, catalogue, examples, page

PAGE = Path(__file__).parents[2] / "docs" / "warehouse.md"


def test_every_table_view_and_column_says_what_it_is(connection: Connection) -> None:
    relations = catalogue(connection)
    assert {relation.schema for relation in relations} == {"mart", "core", "ops", "staging"}
    silent = [f"{each.full_name}.{column.name}" for each in relations for column in each.columns if not column.comment]
    assert silent == []
    assert [each.full_name for each in relations if not (each.comment or "").startswith("One row per ")] == []


def test_every_table_and_view_has_an_example_that_runs(connection: Connection) -> None:
    shown = examples(EXAMPLES.read_text())
    assert set(shown) == {relation.full_name for relation in catalogue(connection)}
    for asks, query in shown.values():
        assert asks.endswith(".")
        connection.execute(text(query))


def test_the_page_is_that_of_the_warehouse(connection: Connection) -> None:
    assert PAGE.read_text() == page(catalogue(connection), examples(EXAMPLES.read_text())), "run: make docs"


def test_a_pipe_in_a_comment_stays_in_its_cell() -> None:
    relation = Relation("mart", "t", True, "One row per thing.", (Column("c", "text", True, "a|b"),))
    assert "| `c` | text not null | a\\|b |" in page([relation], {"mart.t": ("What?", "SELECT 1;")})
