import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.loader.contents import query
from tests.sql.market import fill
from tidemark.core.errors import Problem
from tidemark.loader.checks import Check, Failure, checks, each_check
from tidemark.storage.postgres import connected

SQL = "-- Grain: one row per fault.\n-- Wrong: It is.\n-- Next: Put it right.\nSELECT 1\n"


def check_of(sql: str) -> Check:
    return Check.parse("faults", SQL.replace("SELECT 1", sql))


def test_a_check_is_read_from_its_header() -> None:
    assert Check.parse("faults", SQL) == Check("faults", "It is.", "Put it right.", SQL)


@pytest.mark.parametrize("sql", ["SELECT 1", SQL.replace("-- Next: Put it right.\n", ""), "\n" + SQL])
def test_a_check_without_its_header_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="'faults' needs '-- Grain"):
        Check.parse("faults", sql)


def test_a_failure_says_how_many_and_shows_the_first() -> None:
    failure = Failure(check_of("SELECT 1"), 3, ("a", "b"), [(1, None), (2, None)])
    assert str(failure) == "faults: 3 wrong rows. It is. Put it right. The first: a=1, b=None"


@pytest.mark.postgres
def test_all_wrong_rows_are_counted_and_the_first_are_kept(warehouse_url: str) -> None:
    both = [check_of("SELECT n, 'x' AS name FROM generate_series(1, 150) AS n"), check_of("SELECT 1 WHERE false")]
    (_, found), (_, nothing) = each_check(SecretStr(warehouse_url), both, 2)
    assert found
    assert (found.count, found.columns, found.rows) == (150, ("n", "name"), [(1, "x"), (2, "x")])
    assert nothing is None


@pytest.mark.postgres
def test_a_check_over_the_whole_warehouse_only_reads(warehouse_url: str) -> None:
    fill(warehouse_url)
    with pytest.raises(Problem, match="the check faults did not end: it is read-only"):
        list(each_check(SecretStr(warehouse_url), [check_of("DELETE FROM core.sale_row RETURNING 1")], 1))
    assert query(warehouse_url, "SELECT count(*) > 0 FROM core.sale") == [(True,)]


@pytest.mark.postgres
def test_no_check_waits_for_the_end_of_another_with_its_locks(warehouse_url: str) -> None:
    each = each_check(SecretStr(warehouse_url), checks(), 1)
    with connected(SecretStr(warehouse_url)) as other:
        for _ in checks():
            next(each)
            other.execute(text("LOCK TABLE core.sale_row, mart.stale_day IN ACCESS EXCLUSIVE MODE NOWAIT"))
            other.rollback()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("limited", "said", "hint"),
    [
        (False, "may not read all that is checked: permission denied for", "GRANT tidemark_loader TO your user"),
        (
            True,
            "the check faults did not end: a statement was cancelled, by statement_timeout",
            "statement_timeout = 0",
        ),
    ],
)
def test_who_may_not_read_all_or_not_for_so_long_is_told(
    warehouse_url: str, limited: bool, said: str, hint: str
) -> None:
    role = "tidemark_loader" if limited else "tidemark_reader"
    query(warehouse_url, f"CREATE ROLE auditor LOGIN PASSWORD 'a' IN ROLE {role}")
    query(warehouse_url, "ALTER ROLE auditor SET statement_timeout = '300ms'")
    head, _, place = warehouse_url.partition("@")
    url = SecretStr(f"{head.partition('//')[0]}//auditor:a@{place}")
    slow = check_of("SELECT pg_sleep(60)")
    try:
        with pytest.raises(Problem, match=said) as caught:
            list(each_check(url, [slow], 1))
    finally:
        query(warehouse_url, "DROP ROLE auditor")
    assert hint in caught.value.hint
