import pytest

from tidemark.loader.checks import Check, Failure

SQL = "-- Grain: one row per fault.\n-- Wrong: It is.\n-- Next: Put it right.\nSELECT 1\n"


def test_a_check_is_read_from_its_header() -> None:
    assert Check.parse("faults", SQL) == Check("faults", "It is.", "Put it right.", SQL)


@pytest.mark.parametrize("sql", ["SELECT 1", SQL.replace("-- Next: Put it right.\n", ""), "\n" + SQL])
def test_a_check_without_its_header_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="'faults' needs '-- Grain"):
        Check.parse("faults", sql)


def test_a_failure_says_how_many_and_shows_the_first() -> None:
    check = Check.parse("faults", SQL)
    assert str(Failure(check, 3, {"a": 1, "b": None})) == (
        "faults: 3 wrong rows. It is. Put it right. The first: a=1, b=None"
    )
    assert "100 or more wrong rows" in str(Failure(check, Failure.LIMIT, {"a": 1}))
