"""An object's lines as rows: each line is counted once, and COPY reads back every value."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from tests.loader.recording import HOUR, fetched
from tests.loader.transform.messages import columns_of, line_of, sample, sold
from tidemark.archive.manifest import Segment
from tidemark.archive.record import record_line
from tidemark.loader.transform.identity import sale_uid
from tidemark.loader.transform.order import Fee, Side
from tidemark.loader.transform.outcome import Reason, Reject
from tidemark.loader.transform.sale import Sale, SideSource, SoldAtSource, Source
from tidemark.loader.warehouse.copy import copied
from tidemark.loader.warehouse.kind import Kinds
from tidemark.loader.warehouse.load import SQL
from tidemark.loader.warehouse.packing import Codes
from tidemark.loader.warehouse.rows import (
    KIND_COLUMNS,
    LONGEST_RAW,
    MOST_QUARANTINED,
    OBSERVATION_COLUMNS,
    QUARANTINE_COLUMNS,
    Origin,
    Rows,
    kind_row,
    observation_row,
    quarantine_row,
    rows_of,
)
from tidemark.loader.warehouse.staging import codes_of
from tidemark.storage.postgres import connected

SALE = sample("item_sold.2023.object-frame.json")
OFFER = sample("trait_offer.2023.object-frame.json")
LISTING = sample("item_listed.2022.docs-example-cut.json")
HASHLESS = line_of(sold(transaction={"hash": "two words"}))
ORIGIN = Origin(3, HOUR.start, "collector-a", Segment("k", 0, 0, 0, ""))


def read(lines: list[bytes], size: int = 4000, most: int = MOST_QUARANTINED) -> list[Rows]:
    data = b"".join(lines)
    return list(rows_of(ORIGIN, (data[start : start + size] for start in range(0, len(data), size)), most))


def test_every_line_is_counted_once() -> None:
    found = read([OFFER, SALE, LISTING, HASHLESS, SALE, b"\n"] * 3)
    refused = sum((Counter(each.refused) for each in found), Counter())
    assert refused == {("item_listed", "cut"): 3, ("item_sold", "malformed"): 3, ("unparsed", "not_a_record"): 3}
    assert sum(each.sales for each in found) == 6
    assert sum(each.others.get("trait_offer", 0) for each in found) == 3
    assert sum(each.lines for each in found) == 18


def test_equal_sales_of_one_answer_are_several_and_of_the_stream_they_are_one() -> None:
    line = record_line("2026-11-22T15:00:00.000000Z", "events-api", json.dumps(fetched(1)).encode())
    fill = OBSERVATION_COLUMNS.index("fill")
    for lines, fills in (([line, line], ["null", "2"]), ([SALE, SALE], ["null", "null"])):
        printed = b"".join(each.observations for each in read(lines)).decode()
        assert [row.split(",")[fill] for row in printed.splitlines()] == fills


def test_observations_are_numbered_by_object_and_line() -> None:
    printed = b"".join(each.observations for each in read([OFFER, SALE, LISTING, SALE])).decode()
    assert [row.split(",")[:3] for row in printed.splitlines()] == [
        [str(3 * 2**32 + line), "3", '"collector-a"'] for line in (2, 4)
    ]


@pytest.mark.parametrize("size", [300, 10**6])
def test_a_flood_leaves_its_first_lines_and_crowds_out_no_other_kind(size: int) -> None:
    found = read([LISTING] * 5 + [HASHLESS] + [LISTING] * 5 + [HASHLESS] * 3, size, most=2)
    printed = b"".join(kept.row for each in found for kept in each.quarantine).decode()
    kept = [row.split(",")[2:5] for row in printed.splitlines()]
    assert [(line, reason.strip('"').split(":")[0]) for line, _, reason in kept] == [
        ("1", Reason.CUT),
        ("2", Reason.CUT),
        ("6", Reason.MALFORMED),
        ("12", Reason.MALFORMED),
    ]
    assert sum(sum(each.refused.values()) for each in found) == 14


KNOWN = (
    "ETH", "collector-a", " ETH", " ", "!", "é", "0x" + 40 * "0", "0x" + 40 * "a", "0x" + 64 * "b", "0x" + 40 * "A",
    "0x0000a26b00c1f0df003000390027140000faa719", "x" * 20, "x" * 32, 31 * "x" + "\0", "y" * 300,
)  # fmt: skip
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(KNOWN)
WHOLE = st.integers(0, 2**256)
EXACT = st.decimals(min_value=0, max_value=10**30, allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FEES = st.builds(
    Fee, recipient=WORDS | st.sampled_from(KNOWN), amount_raw=st.integers(0, 40_000) | st.integers(0, 2**200)
)
DRAWN = st.builds(
    Sale,
    sold_at=MOMENTS,
    received_at=MOMENTS,
    sold_at_source=st.sampled_from(SoldAtSource),
    event_at=st.none() | MOMENTS,
    sent_at=st.none() | MOMENTS,
    side=st.sampled_from(Side),
    side_source=st.sampled_from(SideSource),
    source=st.sampled_from(Source),
    is_replayed=st.booleans(),
    is_private=st.none() | st.booleans(),
    payment_token_decimals=st.none() | st.integers(0, 77),
    fees=st.none() | st.lists(FEES).map(tuple),
    **dict.fromkeys(("chain", "transaction_hash", "contract_address", "token_id"), WORDS),
    **{
        name: st.none() | WORDS
        for name in ("order_hash", "collection_slug", "nft_name", "maker", "taker", "seller", "buyer",
                     "payment_token_address", "payment_token_symbol")
    },
    **{name: st.none() | WHOLE for name in ("quantity", "price_raw")},
    **{name: st.none() | EXACT for name in ("usd_rate", "eth_rate")},
)  # fmt: skip


def with_small_fees(sale: Sale) -> Sale:
    """The same sale; small fees are hundredths of a percent of its price."""
    parts = [
        fee.amount_raw if fee.amount_raw > 40_000 else fee.amount_raw * (sale.price_raw or 1) // 10_000
        for fee in sale.fees or ()
    ]
    fees = tuple(Fee(fee.recipient, min(part, 2**250)) for fee, part in zip(sale.fees or (), parts, strict=True))
    return msgspec.structs.replace(sale, fees=None if sale.fees is None else fees)


SALES = DRAWN.map(with_small_fees)


def kept(value: Any) -> Any:
    """What PostgreSQL gives back for a value of a sale."""
    if isinstance(value, str):
        return str(value).replace("\0", "\ufffd")
    if isinstance(value, tuple):
        return [kept(fee) for fee in value]
    if isinstance(value, Fee):
        return {"recipient": kept(value.recipient), "amount_raw": str(value.amount_raw)}
    return value


@pytest.fixture
def staging(warehouse_url: str):
    with connected(SecretStr(warehouse_url)) as connection:
        connection.execute(text((SQL / "load" / "1_stage.sql").read_text()), {"hour": HOUR.start, "collectors": []})
        connection.execute(text("CREATE TEMP TABLE quarantine (LIKE ops.quarantine)"))
        yield connection


# the row beside the one that core.packed makes of what the view shows; a share may be rounded otherwise
AMOUNTS = ("marketplace_share", "royalty_share", "other_share")
AS_IN_SQL = f"""
SELECT
    to_jsonb(packed) - ARRAY['fees', {", ".join(map(repr, AMOUNTS))}]
        = to_jsonb(one) - ARRAY['fees', 'observation', 'file', {", ".join(map(repr, AMOUNTS))}],
    (core.fees_to_json(packed.fees, one.price_raw, kind.fee_recipient),
        {", ".join(f"core.share_to_amount(packed.{name}, one.price_raw)" for name in AMOUNTS)})
    IS NOT DISTINCT FROM (core.fees_to_json(one.fees, one.price_raw, kind.fee_recipient),
        {", ".join(f"core.share_to_amount(one.{name}, one.price_raw)" for name in AMOUNTS)})
FROM observation_row AS one
LEFT JOIN observed_kind AS kind USING (nft_kind),
    sale_observation AS shown,
    jsonb_populate_record(NULL::core.sale, to_jsonb(shown)) AS named,
    core.packed(named) AS packed
"""


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sale=SALES)
def test_every_value_comes_back_as_it_was(staging, sale: Sale) -> None:
    staging.execute(text("TRUNCATE observation_row, observed_kind"))
    codes = codes_of(staging)
    printed = observation_row((7, 1, "collector-a"), sale, codes, kinds := Kinds(codes.salt), fill=2)
    of_kind = b"".join(kind_row(key, kind) for key, kind in kinds.taken().items())
    assert copied(staging, "observed_kind", KIND_COLUMNS, BytesIO(of_kind)) == 1
    count = copied(staging, "observation_row", OBSERVATION_COLUMNS, BytesIO(printed))
    row = staging.execute(text("SELECT * FROM sale_observation")).mappings().one()
    assert (count, row["observation"], row["file"], row["collector"]) == (1, 7, 1, "collector-a")
    told = columns_of(sale)
    assert {name: row[name] for name in told} == {name: kept(value) for name, value in told.items()}
    assert (row["sale_uid"], row["fill"]) == (sale_uid(sale, 2), 2)
    assert staging.execute(text(AS_IN_SQL)).all() == [(True, True)]


@given(sale=SALES, moment=MOMENTS)
def test_the_payload_hash_is_of_the_reported_values_and_not_of_who_reported_them(sale: Sale, moment: datetime) -> None:
    def content(told: Sale) -> bytes:
        return observation_row((1, 1, "collector-a"), told, Codes(), Kinds(b"")).split(b",")[3]

    again = msgspec.structs.replace(sale, received_at=moment, sent_at=moment, is_replayed=True)
    other = msgspec.structs.replace(sale, usd_rate=(sale.usd_rate or Decimal(0)) + 1)
    assert content(again) == content(sale) != content(other)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(line=st.binary(max_size=200), detail=WORDS)
def test_any_line_can_be_quarantined(staging, line: bytes, detail: str) -> None:
    staging.execute(text("TRUNCATE quarantine"))
    place = (HOUR.start, "key", 1, "collector-a")
    rejected = quarantine_row(place, line, Reject("unparsed", Reason.UNPARSED, detail))
    copied(staging, "quarantine", QUARANTINE_COLUMNS, BytesIO(rejected))
    row = staging.execute(text("SELECT * FROM quarantine")).mappings().one()
    assert (row["source_hour"], row["key"], row["line"], row["collector"]) == place
    shown = kept(line.decode(errors="replace"))
    assert (row["reason"], row["raw"], row["raw_bytes"]) == (f"unparsed: {kept(detail)}", shown, len(line))


def test_a_long_line_is_cut_and_its_size_kept() -> None:
    place = (HOUR.start, "key", 1, "collector-a")
    row = quarantine_row(place, b"x" * 10**6, Reject("unparsed", Reason.UNPARSED, "long")).rstrip().split(b",")
    assert (len(row[5]), row[6]) == (LONGEST_RAW + len('""'), b"1000000")
