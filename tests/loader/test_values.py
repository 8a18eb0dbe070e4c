"""Public cases from the frame of the stream, or the answer of the Events API, to the row of the warehouse."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import pytest
from pydantic import SecretStr

from collector.stream.frame import read_frame
from tests.loader.contents import query
from tests.loader.recording import HOUR, Recording
from tests.loader.repair.answering import answers_of
from tests.loader.transform.messages import FIXTURES
from tidemark.archive.record import record_line
from tidemark.core.errors import Problem
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.repair.objects import Line
from tidemark.loader.repair.page import read_page
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.migrate import migrate
from tidemark.loader.warehouse.runs import LoadReport
from tidemark.local.services.postgres import Postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
AT = HOUR.start + timedelta(minutes=5)


def frames(name: str) -> list[bytes]:
    """The frames in which a server sends the messages of a file: one message, or one on each line."""
    text = (FIXTURES / "stream" / name).read_bytes()
    messages = text.splitlines() if name.endswith("l") else [text]
    return [b'["1",null,"collection:*","%b",%b]' % (json.loads(text)["event_type"].encode(), text) for text in messages]


def streamed(*received: bytes) -> list[bytes]:
    """The record lines that a collector writes of frames."""
    read = map(read_frame, received)
    return [record_line(format_timestamp(AT), frame[2], bytes(frame[4])) for frame in read]


def listed(name: str) -> list[bytes]:
    """The record lines that a repair writes of the answers of a file."""
    bodies = [answer.get("text") or json.dumps(answer["json"]) for answer in answers_of(name)]
    return [Line.of(event, AT).record for body in bodies for event in read_page(body.encode()).events]


def load(s3: "S3Client", settings: LoaderSettings, lines: list[bytes], collector: str = "collector-a") -> LoadReport:
    recording = Recording(collector)
    for line in lines:
        recording.receive(line)
    recording.put(s3, settings.bucket)
    return load_hour(HOUR, settings, log=lambda _: None)


def sales(settings: LoaderSettings, columns: str) -> list[tuple[Any, ...]]:
    statement = f"SELECT {columns} FROM core.sale ORDER BY sold_at, token_id"
    return query(settings.warehouse_url.get_secret_value(), statement)


def test_a_fee_that_goes_to_three_addresses_is_the_marketplaces(s3: "S3Client", settings: LoaderSettings) -> None:
    load(s3, settings, streamed(*frames("ronin-split-fee.case.json")))
    assert sales(settings, "marketplace_fee_raw, royalty_raw, other_fee_raw") == [(5 * 10**16, 5 * 10**17, 0)]
    fees = "SELECT kind, sum(amount) FROM mart.sale_fees GROUP BY kind ORDER BY kind"
    assert query(settings.warehouse_url.get_secret_value(), fees) == [
        ("marketplace", Decimal("0.05")), ("royalty", Decimal("0.5")),
    ]  # fmt: skip


def test_a_rate_of_zero_is_unknown(s3: "S3Client", settings: LoaderSettings) -> None:
    load(s3, settings, streamed(*frames("zero-rate.case.json")))
    assert sales(settings, "eth_rate, price_eth, usd_rate, price_usd") == [
        (None, None, Decimal("1.012"), Decimal("1.012"))
    ]
    hourly = "SELECT sales, volume_eth, without_eth, volume_usd, without_usd FROM mart.collection_hourly"
    assert query(settings.warehouse_url.get_secret_value(), hourly) == [(1, None, 1, Decimal("1.012"), 0)]


def test_half_an_emoji_costs_nothing(s3: "S3Client", settings: LoaderSettings) -> None:
    report = load(s3, settings, streamed(*frames("lone-surrogate-name.case.jsonl")))
    assert (report.inserted, report.quarantined) == (2, 0)
    assert sales(settings, "token_id, nft_name") == [("7", "Moon Ape \ufffd"), ("8", "Moon Ape \U0001f680")]


def test_a_cancellation_without_a_maker_is_counted(s3: "S3Client", settings: LoaderSettings) -> None:
    report = load(s3, settings, streamed(*frames("cancelled-null-maker.case.json")))
    assert (report.lines, report.other, report.quarantined) == (1, 1, 0)


def test_an_event_with_half_an_emoji_is_loaded_with_its_page(s3: "S3Client", settings: LoaderSettings) -> None:
    lines = listed("lone-surrogate")
    report = load(s3, settings, lines, "events-api-1")
    assert (report.inserted, report.quarantined) == (len(lines), 0)


def test_a_sale_without_a_payment_has_no_price(s3: "S3Client", settings: LoaderSettings) -> None:
    report = load(s3, settings, listed("no-payment"), "events-api-1")
    assert (report.inserted, report.quarantined) == (4, 4)  # four have no transaction or no NFT
    found = sales(settings, "token_id, price_raw, price, payment_token_symbol")
    priced, unpriced = (5930000000000000000, Decimal("5.93"), "ETH"), (None, None, None)
    assert found == [("2783", *priced), ("2782", *unpriced), ("2781", *unpriced), ("2780", *priced)]


def test_an_event_with_another_form_of_time_is_set_aside_alone(s3: "S3Client", settings: LoaderSettings) -> None:
    lines = listed("iso-timestamp")
    report = load(s3, settings, lines, "events-api-1")
    assert (report.inserted, report.quarantined) == (len(lines) - 1, 1)
    [(reason,)] = query(settings.warehouse_url.get_secret_value(), "SELECT reason FROM ops.quarantine")
    assert "event_timestamp is not a time: b'2026-08-05T00:45:20'" in str(reason)


NON_ASCII = [("ünï", "Café 🚀 “x” №7")]


def test_text_is_utf8_whatever_the_environment_says(
    s3: "S3Client", settings: LoaderSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    load(s3, settings, streamed(*frames("non-ascii-sale.case.json")))
    monkeypatch.delenv("PGCLIENTENCODING")
    assert sales(settings, "collection_slug, nft_name") == NON_ASCII


def test_text_is_utf8_whatever_the_database_says(s3: "S3Client", settings: LoaderSettings) -> None:
    url = settings.warehouse_url.get_secret_value()
    database = urlsplit(url).path[1:]
    query(url, f"ALTER DATABASE {database} SET client_encoding = 'LATIN1'")
    load(s3, settings, streamed(*frames("non-ascii-sale.case.json")))
    query(url, f"ALTER DATABASE {database} RESET client_encoding")
    assert sales(settings, "collection_slug, nft_name") == NON_ASCII


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def other_encoding(request: pytest.FixtureRequest, postgres_server: Postgres) -> Iterator[tuple[str, str]]:
    """A database of another encoding, and the encoding."""
    name = f"test_{uuid4().hex}"
    connection = psycopg2.connect(postgres_server.url())
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE {name} ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        yield postgres_server.url(name), request.param
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


def test_a_database_that_cannot_hold_every_text_is_refused(other_encoding: tuple[str, str]) -> None:
    url, encoding = other_encoding
    with pytest.raises(Problem, match=f"has the encoding {encoding}") as caught:
        migrate(SecretStr(url))
    assert "CREATE DATABASE tidemark ENCODING 'UTF8'" in caught.value.hint
    assert query(url, "SELECT nspname FROM pg_namespace WHERE nspname = 'ops'") == []
