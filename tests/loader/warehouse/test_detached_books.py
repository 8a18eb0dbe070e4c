"""What a month that left the warehouse takes from the answers of later times, and that these say so."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.loader.recording import SELLER, Recording, sold
from tests.loader.test_hours import quiet
from tidemark.core.hour import Hour, hours
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.detach import detach
from tidemark.query.answer import Answer
from tidemark.query.postgres import ask
from tidemark.query.question import question

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
FIRST, LAST, NEW = (Hour.parse(key) for key in ("2026-09-30T22", "2026-10-01T03", "2026-11-22T15"))
MONTH = date(2026, 9, 1)
ETH = 10**18
SAID = "Sales before 2026-10-01 are detached from the warehouse: "
NO_BOOK = f"{SAID}no book of orders begins before 2026-10-01 01:00."
# order, price in tenths of ETH, listed, sold; a listing of the month's last seconds is received after it
LISTINGS = [
    (1, 10, "2026-09-30T22:10:00", "2026-09-30T23:20:00"),
    (2, 30, "2026-09-30T22:20:00", None),
    (3, 5, "2026-09-30T23:59:57", "2026-09-30T23:59:59"),
    (4, 20, "2026-10-01T01:10:00", None),
    (5, 25, "2026-10-01T02:10:00", "2026-10-01T03:30:00"),
]


def at(moment: str, after: float = 0) -> datetime:
    return datetime.fromisoformat(f"{moment}+00:00") + timedelta(seconds=after)


def listing(number: int, price: int, moment: str) -> dict[str, Any]:
    payload = sold(number)["payload"] | {
        "base_price": str(price * ETH // 10), "collection": {"slug": "cats"}, "taker": None,
        "event_timestamp": format_timestamp(at(moment)), "expiration_date": "2027-03-01T00:00:00Z",
    }  # fmt: skip
    sent_at = format_timestamp(at(moment, 0.5))
    return {"event_type": "item_listed", "version": 1, "sent_at": sent_at, "payload": payload}


def sale(number: int, moment: str, **changes: Any) -> dict[str, Any]:
    told = format_timestamp(at(moment))
    message = sold(number, collection={"slug": "cats"}, closing_date=told, event_timestamp=told, **changes)
    message["payload"]["transaction"]["timestamp"] = told
    return message | {"sent_at": format_timestamp(at(moment, 2))}


@pytest.fixture
def loaded(s3: "S3Client", settings: LoaderSettings) -> LoaderSettings:
    """A warehouse with the hours around a month's end, and one of November, so that the month can leave."""
    messages = [(at(listed, 4), listing(number, price, listed)) for number, price, listed, _ in LISTINGS]
    messages += [(at(moment, 4), sale(number, moment)) for number, _, _, moment in LISTINGS if moment]
    # a wallet that bought in the month sells afterwards
    bought = {"maker": {"address": SELLER}, "taker": {"address": "0x" + "c3" * 20}}
    resold = {
        "maker": {"address": "0x" + "c3" * 20},
        "order_hash": "0xresold",
        "transaction": {"hash": "0x" + "9" * 64},
    }
    messages.append((at("2026-09-30T23:30:04"), sale(7, "2026-09-30T23:30:00", **bought)))
    messages.append((at("2026-10-01T02:30:04"), sale(7, "2026-10-01T02:30:00", **resold)))
    keeping = settings.model_copy(update={"book_depth": 100})
    for hour in (*hours(FIRST, LAST), NEW):
        recording = Recording("collector-a", hour)
        for received, message in sorted(messages, key=lambda each: each[0]):
            if received in hour:
                recording.receive(message, (received - hour.start).total_seconds())
        recording.put(s3, settings.bucket)
        load_hour(hour, keeping, log=quiet)
    refresh_days(settings.warehouse_url, log=quiet)
    return settings


def asked(settings: LoaderSettings, name: str, **given: str) -> Answer:
    return ask(settings.warehouse_url, question(name), {key.rstrip("_"): value for key, value in given.items()})


def floors(settings: LoaderSettings) -> list[object]:
    hour = {"from_": "2026-10-01T00", "to": "2026-10-01T03", "hours": "1"}
    return asked(settings, "floor_price", collection="cats", **hour).column("floor")


def test_a_book_begins_after_the_month_whose_sales_are_gone(loaded: LoaderSettings) -> None:
    assert floors(loaded) == [3, 2, 2, 2]
    detach(loaded.warehouse_url, MONTH, quiet, allow_missing=True)
    # what was sold in the month, for 1 and 0.5 ETH, is not open again; what was open then is not known
    assert floors(loaded) == [None, 2, 2, 2]


def test_questions_of_the_book_say_that_it_begins_late(loaded: LoaderSettings) -> None:
    asking = {"collection": "cats", "to": "2026-10-01T03"}
    of_book = {
        "floor_price": {"from_": "2026-10-01T02"}, "spread": {"from_": "2026-10-01T02"}, "depth": {},
        "sell_through": {"from_": "2026-10-01"},
    }  # fmt: skip
    assert {asked(loaded, name, **asking, **since).lacks for name, since in of_book.items()} == {""}
    detach(loaded.warehouse_url, MONTH, quiet, allow_missing=True)
    assert {asked(loaded, name, **asking, **since).lacks for name, since in of_book.items()} == {NO_BOOK}
    sell_through = asked(loaded, "sell_through", **asking, from_="2026-10-01T01")
    assert (sell_through.lacks, sell_through.column("listings"), sell_through.column("sold")) == ("", [2], [1])


def test_a_question_that_looks_back_says_what_it_lacks_whenever_it_begins(loaded: LoaderSettings) -> None:
    span = {"from_": "2026-10-01", "to": "2026-10-01"}
    flips = asked(loaded, "flips", **span)
    assert (flips.column("bought_eth"), flips.lacks) == ([Decimal(10**18 + 7) / ETH], "")
    detach(loaded.warehouse_url, MONTH, quiet, allow_missing=True)
    flips = asked(loaded, "flips", **span)
    assert (flips.rows, flips.lacks) == ([], f"{SAID}this answer is without them.")
    assert asked(loaded, "top_sales", **span).lacks == ""
