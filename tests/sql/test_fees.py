"""Fees are classified by a table, as they are loaded and again after it changed; a stranger's fee is no royalty."""

from random import Random

import pytest
from pydantic import SecretStr

from tests.loader.contents import query
from tests.sql.market import CREATOR, OPENSEA, Sale, fees, fill, sale
from tidemark.loader.checks import run_checks
from tidemark.loader.marts import Kinds, classify_fees, refresh_days

pytestmark = pytest.mark.postgres
ETH = 10**18
TOTALS = "SELECT marketplace_fee_raw, royalty_raw, other_fee_raw FROM core.sale ORDER BY sold_at, token_id"
KIND = "SELECT core.fee_kind(%s, %s, %s)"


def quiet(_: str) -> None:
    """Swallow the progress."""


def sold(day: str, count: int, creator: str = CREATOR, collection: str = "cats") -> list[Sale]:
    paid = fees("0.025", "0.05", creator)
    return [
        sale(
            f"{day}T10:{number:02}",
            f"{collection}/{day}-{creator}-{number}",
            f"0xs{number}",
            f"0xb{number}",
            "1",
            **paid,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("chain", "recipient", "at", "kind"),
    [
        ("ethereum", OPENSEA, "2026-11-20", "marketplace"),
        ("of_tomorrow", OPENSEA, "2026-11-20", "marketplace"),
        ("ronin", "0x61461e094c04884217c6a4e897409626231aacc8", "2025-05-01 00:00Z", "marketplace"),
        ("ronin", "0x61461e094c04884217c6a4e897409626231aacc8", "2025-04-30 23:59:59Z", None),
        ("base", "0x61461e094c04884217c6a4e897409626231aacc8", "2026-11-20", None),
        ("gunzilla", "0xd9f68d28e451a83affdb7c71cc2c20552555b07f", "2026-11-20", "marketplace"),
        ("somnia", "0xdfe1593dca6ad8a20eeb418643e48577c1626f7c", "2026-11-20", "marketplace"),
        ("megaeth", "0x07d3a100c3880830dd43fe5c938b5144721ce9d6", "2026-11-20", "marketplace"),
        ("ethereum", "0xnobody", "2026-11-20", None),
    ],
)
def test_what_is_public_is_known(warehouse_url: str, chain: str, recipient: str, at: str, kind: str | None) -> None:
    assert query(warehouse_url, KIND, chain, recipient, at) == [(kind,)]


def test_the_newest_row_of_the_chain_itself_holds(warehouse_url: str) -> None:
    rows = [("*", "-infinity", "royalty"), ("base", "2026-01-01Z", "other"), ("base", "2026-02-01Z", "marketplace")]
    for row in rows:
        query(warehouse_url, "INSERT INTO core.fee_recipient VALUES ('0xx', %s, %s, %s, 'x')", *row)
    found = [
        query(warehouse_url, KIND, chain, "0xx", at)[0][0]
        for chain, at in (
            ("zora", "2026-03-01Z"),
            ("base", "2025-12-31Z"),
            ("base", "2026-01-01Z"),
            ("base", "2026-02-01Z"),
        )
    ]
    assert found == ["royalty", "royalty", "other", "marketplace"]


def test_without_a_usual_recipient_an_unknown_one_is_a_royalty(warehouse_url: str) -> None:
    fill(warehouse_url, [*sold("20", 5), *sold("20", 4, "0xstranger")])
    assert set(query(warehouse_url, TOTALS)) == {(ETH // 40, ETH // 20, 0)}


def test_a_stranger_is_another_fee_where_the_collection_usually_pays_somebody(warehouse_url: str) -> None:
    fill(warehouse_url, [*sold("18", 6), *sold("20", 4), *sold("21", 1, "0xstranger"), *sold("21", 1, "0xnew", "dogs")])
    assert query(warehouse_url, TOTALS) == [
        *[(ETH // 40, ETH // 20, 0)] * 10,
        (ETH // 40, ETH // 20, 0),  # the other collection has paid nobody before
        (ETH // 40, 0, ETH // 20),
    ]
    assert query(warehouse_url, "SELECT other_fee FROM mart.sales WHERE other_fee > 0") != []
    kinds = "SELECT recipient, kind, count(*)::int FROM mart.sale_fees WHERE recipient <> %s GROUP BY 1, 2 ORDER BY 1"
    assert query(warehouse_url, kinds, OPENSEA) == [
        ("0xcreator", "royalty", 10), ("0xnew", "royalty", 1), ("0xstranger", "other", 1),
    ]  # fmt: skip
    assert "amounts" not in {failure.check.name for failure in run_checks(SecretStr(warehouse_url))}


def test_a_day_counts_the_fees_of_its_own_sales(warehouse_url: str) -> None:
    paid = fees("0.025", "0.05")
    moments = ("20T00:00", "20T23:59", "21T00:00", "21T10:00")
    fill(warehouse_url, [sale(each, f"cats/{each}", "0xs", "0xb", "1", **paid) for each in moments])
    counted = "SELECT day::text, recipient, sales::int, of_sales::int FROM mart.royalty_daily ORDER BY day"
    assert query(warehouse_url, counted) == [("2026-11-20", CREATOR, 2, 2), ("2026-11-21", CREATOR, 2, 2)]


def test_the_order_of_loading_leaves_no_trace(warehouse_pair: tuple[str, str]) -> None:
    sales = [*sold("18", 10), *sold("19", 2, "0xstranger"), *sold("20", 4), *sold("21", 12, "0xnext"), *sold("22", 1)]
    fill(warehouse_pair[0], sales)
    shuffled = list(sales)
    Random(3).shuffle(shuffled)
    for start in range(0, len(shuffled), 5):
        fill(warehouse_pair[1], shuffled[start : start + 5], coverage=())
    assert len(set(query(warehouse_pair[0], TOTALS))) == 2
    assert query(warehouse_pair[0], TOTALS) == query(warehouse_pair[1], TOTALS)


def test_a_change_of_the_table_reaches_what_is_loaded(warehouse_url: str) -> None:
    fill(warehouse_url, [*sold("20", 3), *sold("21", 2)])
    url = SecretStr(warehouse_url)
    assert classify_fees(url, quiet).changed == {}
    query(
        warehouse_url,
        "INSERT INTO core.fee_recipient VALUES (%s, 'ethereum', '2026-11-21Z', 'marketplace', 'Another')", CREATOR,
    )  # fmt: skip
    said: list[str] = []
    done = classify_fees(url, said.append)
    assert {f"{day}": sales for day, sales in done.changed.items()} == {"2026-11-21": 2}
    assert (done.before, done.after) == (Kinds(5, 5, 0), Kinds(5, 3, 0))
    assert said == ["2026-11-21: 2 sales classified otherwise"]
    assert query(warehouse_url, TOTALS) == [(ETH // 40, ETH // 20, 0)] * 3 + [(3 * ETH // 40, 0, 0)] * 2
    assert classify_fees(url, quiet).changed == {}
    assert {"amounts", "market_daily_disagrees"}.isdisjoint(failure.check.name for failure in run_checks(url))
    refresh_days(url, quiet)
    assert "amounts" not in {failure.check.name for failure in run_checks(url)}


def test_a_sale_without_an_order_has_no_fees(warehouse_url: str) -> None:
    fill(
        warehouse_url,
        [sale("20T10:00", "cats/1", "0xa", "0xb", "1"), sale("20T10:01", "cats/2", "0xa", "0xb", "1", fees=[])],
    )
    assert query(warehouse_url, TOTALS) == [(None, None, None), (0, 0, 0)]
