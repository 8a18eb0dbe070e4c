import pytest

from tidemark.cli.completion import beginning, checks_beginning, event_types, exported_tables
from tidemark.query.names import chains_called


@pytest.mark.parametrize("name", ["x;id", "$(id)", "a b", "a\nb", "a\x1b[2J", "-x", "\u202ea", "`id`", "a|b", "~"])
def test_no_name_of_a_message_is_obeyed_by_a_shell(name: str) -> None:
    assert beginning("", [name, "cats"]) == ["cats"]


def test_names_are_completed_in_any_case_and_with_dashes_or_underscores() -> None:
    assert beginning("STORM_", ["storm-glass", "stormy"]) == ["storm-glass"]
    assert beginning("ape-", ["ape_chain"]) == ["ape_chain"]
    assert beginning("名", ["名前"]) == ["名前"]


def test_a_chain_is_completed_from_its_other_names() -> None:
    assert chains_called("ma") == {"polygon", "ethereum"}
    assert chains_called("") == set()


def test_types_tables_and_checks_are_completed() -> None:
    assert checks_beginning("sale-") == ["sale_in_two_months", "sale_times"]
    assert event_types("item_s") == ["item_sold"]
    assert exported_tables("sale") == ["sales", "sale_fees"]
