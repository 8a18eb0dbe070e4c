"""A sale has the columns of `core.sale` that a message decides, in its order, and its words are those allowed there."""

from enum import StrEnum

import pytest

from tests.loader.contents import query
from tidemark.loader.transform.sale import Sale, Side, SideSource, SoldAtSource, Source

pytestmark = pytest.mark.postgres
OF_THE_LOAD = {"source_hour", "loaded_at", "first_collector", "first_load_id"}


def test_a_sale_has_the_columns_of_the_table(warehouse_url: str) -> None:
    columns = query(
        warehouse_url,
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'core' AND table_name = 'sale' ORDER BY ordinal_position",
    )
    assert Sale.__struct_fields__ == tuple(name for (name,) in columns if name not in OF_THE_LOAD)


@pytest.mark.parametrize(
    ("column", "words"),
    [("sold_at_source", SoldAtSource), ("side", Side), ("side_source", SideSource), ("source", Source)],
)
def test_the_table_allows_the_same_words(warehouse_url: str, column: str, words: type[StrEnum]) -> None:
    [(check,)] = query(
        warehouse_url,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'core.sale'::regclass AND conname = %s",
        f"sale_{column}_check",
    )
    assert {word for word in str(check).split("'")[1::2] if word != "text"} == set(words)
