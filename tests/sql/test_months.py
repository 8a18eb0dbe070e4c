"""What the warehouse's own functions do with months, and with the score of a sale that leaves."""

import pytest
from sqlalchemy import Connection, text

from tests.loader.contents import one, query
from tests.sql.market import fill
from tests.sql.test_checks import FIRST, SUPERSEDED

MONTHS = (
    "SELECT right(relname, 7) FROM pg_class WHERE relnamespace = 'months'::regnamespace AND relkind = 'r' ORDER BY 1"
)


@pytest.mark.parametrize(
    ("first", "last", "sales"),
    [
        ("2026-06-15Z", "2026-07-01Z", 970),
        ("2026-05-31T23:59:59Z", "2026-06-30T23:59:59Z", 75),
        ("-infinity", "2026-05-01Z", 5),
        ("2026-07-31Z", "infinity", 900),
        ("-infinity", "infinity", 975),
        ("2026-08-01Z", "2026-08-31Z", 0),
        ("2027-01-01Z", "2027-12-31Z", 0),
    ],
)
def test_the_sales_of_some_months_are_counted(connection: Connection, first: str, last: str, sales: int) -> None:
    for month, count in (("05", 5), ("06", 70), ("07", 900), ("08", -1)):  # the last never analyzed; of indexes, too
        connection.execute(text(f"SELECT ops.add_month('2026-{month}-01Z')"))
        connection.execute(text(f"UPDATE pg_class SET reltuples = {count} WHERE relname LIKE 'sale_row_2026_{month}%'"))
    assert connection.scalar(text(f"SELECT ops.counted_sales('{first}', '{last}')")) == sales


def test_only_earlier_months_without_a_sale_or_a_key_are_dropped(warehouse_url: str) -> None:
    fill(warehouse_url)
    query(warehouse_url, SUPERSEDED.format(first=FIRST))
    for month in ("07", "08", "12"):
        query(warehouse_url, f"SELECT ops.add_month('2026-{month}-15Z')")
    query(warehouse_url, "SELECT ops.drop_months('2026-12-01Z')")
    assert query(warehouse_url, MONTHS) == [("2026_11",), ("2026_12",)]
    query(warehouse_url, "DELETE FROM core.sale_row; SELECT ops.drop_months('2026-12-01Z')")
    assert query(warehouse_url, MONTHS) == [("2026_11",), ("2026_12",)]
    query(warehouse_url, "DELETE FROM core.sale_superseded; SELECT ops.drop_months('2026-12-01Z')")
    assert query(warehouse_url, MONTHS) == [("2026_12",)]


def test_a_sale_that_leaves_takes_its_own_score_along(warehouse_url: str) -> None:
    fill(warehouse_url)
    scores = [
        {*query(warehouse_url, "SELECT DISTINCT sale_uid FROM mart.sale_flags")},
        {*query(warehouse_url, "SELECT sale_uid FROM mart.suspect_sale")},
    ]
    gone = one(warehouse_url, "SELECT sale_uid FROM core.sale WHERE seller = buyer")
    assert all((gone,) in each and len(each) > 1 for each in scores)
    query(warehouse_url, f"DELETE FROM core.sale_row WHERE sale_uid = '{gone}'")
    assert {*query(warehouse_url, "SELECT DISTINCT sale_uid FROM mart.sale_flags")} == scores[0] - {(gone,)}
    assert {*query(warehouse_url, "SELECT sale_uid FROM mart.suspect_sale")} == scores[1] - {(gone,)}
