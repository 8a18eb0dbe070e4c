"""From a gap in the warehouse to its sales, through a real Events API, a real archive and a real load."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.loader.contents import contents, one, query
from tests.loader.recording import TOPIC, Recording
from tests.loader.transform.messages import sold
from tidemark.archive.manifest import Gap, Interval
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.hours import load_hour
from tidemark.loader.repair.gaps import RepairReport, repair_gaps
from tidemark.loader.settings import LoaderSettings
from tidemark.simulator.faults import ApiFailure
from tidemark.simulator.server import Simulator
from tidemark.storage.s3 import S3Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
HOUR = Hour.parse("2026-11-22T15")


def sale(minute: float, number: int, **changes: object) -> dict[str, Any]:
    """A sale of its own, sold `minute` minutes after the hour's start and sent four seconds later."""
    moment = HOUR.start + timedelta(minutes=minute)
    at = format_timestamp(moment)
    message = sold(
        closing_date=at,
        event_timestamp=at,
        transaction={"hash": f"0x{number:064x}", "timestamp": at},
        **changes,
    )
    return message | {"sent_at": format_timestamp(moment + timedelta(seconds=4))}


def recording(collector: str, *gaps: tuple[float, float]) -> Recording:
    """What a collector has that missed some minutes of the hour."""
    missed = [
        Gap(TOPIC, HOUR.start + timedelta(minutes=start), HOUR.start + timedelta(minutes=end), "process_died")
        for start, end in gaps
    ]
    edges = [HOUR.start, *(edge for gap in missed for edge in (gap.start, gap.end)), HOUR.end]
    covered = [Interval(TOPIC, *pair) for pair in zip(edges[::2], edges[1::2], strict=True) if pair[0] < pair[1]]
    return Recording(collector, covered=covered, gaps=missed)


@pytest.fixture
def repairing(settings: LoaderSettings, simulator: Simulator) -> LoaderSettings:
    update = {"api_url": simulator.api_url, "opensea_api_key": SecretStr("key-a"), "collectors": ()}
    return settings.model_copy(update=update)


def tell(simulator: Simulator, *messages: dict[str, Any]) -> None:
    simulator.send(*(json.dumps(message).encode() for message in messages))


def repair_and_load(settings: LoaderSettings) -> RepairReport:
    report = repair_gaps(settings, HOUR, HOUR)
    for key in report.hours:
        load_hour(Hour.parse(key), settings)
    return report


def sales(settings: LoaderSettings) -> list[tuple[object, ...]]:
    url = settings.warehouse_url.get_secret_value()
    return query(url, "SELECT transaction_hash, source FROM core.sale ORDER BY sold_at")


def gaps(settings: LoaderSettings) -> list[tuple[object, ...]]:
    url = settings.warehouse_url.get_secret_value()
    return query(url, "SELECT collector, repaired_by, recovered FROM ops.gap ORDER BY from_at, collector")


async def test_a_gap_is_filled_and_says_with_how_many_sales(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    told = [sale(5, 1), sale(12, 2), sale(17, 3), sale(40, 4)]
    tell(simulator, *told)
    seen = recording("collector-a", (10, 20))
    for message in (told[0], told[3]):
        seen.receive(message, 60)
    seen.put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    assert gaps(repairing) == [("collector-a", None, None)]

    report = await asyncio.to_thread(repair_and_load, repairing)

    assert sales(repairing) == [
        (f"0x{1:064x}", "stream"),
        (f"0x{2:064x}", "events_api"),
        (f"0x{3:064x}", "events_api"),
        (f"0x{4:064x}", "stream"),
    ]
    assert gaps(repairing) == [("collector-a", report.collector, 2)]
    assert (report.open_windows, report.open_seconds, report.requests, report.why) == (1, 600.0, 1, None)
    assert [(asked.covered_seconds, asked.sales) for asked in report.windows] == [(600.0, 2)]
    again = await asyncio.to_thread(repair_and_load, repairing)
    assert (again.open_windows, again.requests, again.hours) == (0, 0, [])


async def test_a_gap_counts_what_was_recovered_of_its_own_topic(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    topics = ("collection:cats", "collection:dogs")
    missed = [Gap(topic, HOUR.start, HOUR.end, "not_running") for topic in topics]
    Recording("collector-a", covered=[], gaps=missed).put(s3, repairing.bucket)
    tell(simulator, sale(15, 1, collection={"slug": "cats"}))
    load_hour(HOUR, repairing)
    await asyncio.to_thread(repair_and_load, repairing)
    url = repairing.warehouse_url.get_secret_value()
    found = query(url, "SELECT topic, recovered, repaired_by IS NULL FROM ops.gap ORDER BY topic")
    assert found == [("collection:cats", 1, False), ("collection:dogs", 0, False)]


async def test_sales_that_both_sources_know_are_one_row(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    # sold two seconds before the gap: sent within it, and the other collector heard it; and one whose order the API
    # does not name
    heard, nameless = sale(9.97, 1), sale(15, 2, order_hash="")
    tell(simulator, heard, nameless)
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    await asyncio.to_thread(repair_and_load, repairing)
    assert [source for _, source in sales(repairing)] == ["events_api", "events_api"]

    late = recording("collector-b", (10, 20)).receive(heard, 600).receive(sale(15, 2), 905)
    late.put(s3, repairing.bucket)
    load_hour(HOUR, repairing)

    assert [source for _, source in sales(repairing)] == ["stream", "stream"]
    assert [recovered for _, _, recovered in gaps(repairing)] == [0, 0]


async def test_only_what_no_collector_covered_is_asked_for_and_both_gaps_are_filled(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, sale(5, 1), sale(17, 2), sale(25, 3))
    recording("collector-a", (0, 20)).put(s3, repairing.bucket)
    recording("collector-b", (15, 30)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    report = await asyncio.to_thread(repair_and_load, repairing)
    assert report.open_seconds == 300.0
    assert [transaction for transaction, _ in sales(repairing)] == [f"0x{2:064x}"]
    assert gaps(repairing) == [("collector-a", report.collector, 1), ("collector-b", report.collector, 1)]


async def test_a_run_with_too_small_a_budget_repairs_the_newest_part_and_the_next_run_the_rest(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, *(sale(10 + number / 100, number) for number in range(1, 451)))
    recording("collector-a", (5, 6), (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)

    first = await asyncio.to_thread(repair_and_load, repairing.model_copy(update={"repair_requests": 1}))
    assert (first.requests, first.why) == (1, "the budget of requests is used up: 1 requests")
    # known down to sale 251, at 12:30.6, thus what was sent two minutes later
    assert [asked.covered_seconds for asked in first.windows] == [pytest.approx(329, abs=1)]
    assert [repaired for _, repaired, _ in gaps(repairing)] == [None, None]

    second = await asyncio.to_thread(repair_and_load, repairing)
    assert second.why is None
    assert [repaired for _, repaired, _ in gaps(repairing)] == [second.collector, second.collector]
    assert len(sales(repairing)) == 450


async def test_a_run_that_dies_before_its_manifest_leaves_the_gap_to_the_next(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, sale(12, 1))
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    put: list[str] = []

    class Dying(S3Store):
        def put(self, key: str, content: Path | bytes, *, sha256: str, media_type: str) -> bool:
            if key.endswith(".json"):
                raise KeyboardInterrupt
            put.append(key)
            return super().put(key, content, sha256=sha256, media_type=media_type)

    with pytest.raises(KeyboardInterrupt):
        await asyncio.to_thread(repair_gaps, repairing, HOUR, HOUR, store=Dying(s3, repairing.bucket))
    assert len(put) == 1
    assert load_hour(HOUR, repairing).unchanged

    report = await asyncio.to_thread(repair_and_load, repairing)
    assert gaps(repairing) == [("collector-a", report.collector, 1)]
    assert len(sales(repairing)) == 1


async def test_two_runs_at_once_fill_a_gap_once(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, sale(12, 1), sale(13, 2))
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    reports = await asyncio.gather(*(asyncio.to_thread(repair_gaps, repairing, HOUR, HOUR) for _ in range(2)))
    assert [report.hours for report in reports] == [[HOUR.key], [HOUR.key]]
    load_hour(HOUR, repairing)
    assert len(sales(repairing)) == 2
    assert gaps(repairing) == [("collector-a", max(report.collector for report in reports), 2)]


async def test_an_hour_that_no_collector_reported_is_filled_and_gives_way_to_a_late_manifest(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    awaiting = repairing.model_copy(update={"collectors": ("collector-a",)})
    told = [sale(5, 1), sale(40, 2)]
    tell(simulator, *told)
    Recording("collector-a", hour=HOUR.previous()).put(s3, awaiting.bucket)  # recording began before
    load_hour(HOUR, awaiting)
    report = await asyncio.to_thread(repair_and_load, awaiting)
    assert (report.open_seconds, report.requests) == (3600.0, 1)
    assert [source for _, source in sales(awaiting)] == ["events_api", "events_api"]
    assert gaps(awaiting) == [("collector-a", report.collector, 2)]
    url = repairing.warehouse_url.get_secret_value()
    assert query(url, "SELECT covered_s::int, repaired_s::int FROM mart.hour_quality") == [(0, 3600)]

    late = recording("collector-a")
    for message in told:
        late.receive(message, 60)
    late.put(s3, awaiting.bucket)
    load_hour(HOUR, awaiting)
    assert [source for _, source in sales(awaiting)] == ["stream", "stream"]
    assert gaps(awaiting) == []
    assert query(url, "SELECT covered_s::int, repaired_s::int FROM mart.hour_quality") == [(3600, 0)]


async def test_without_a_key_the_gaps_stay_visible_and_nothing_fails(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    said: list[str] = []
    report = repair_gaps(repairing.model_copy(update={"opensea_api_key": None}), HOUR, HOUR, log=said.append)
    assert (report.open_windows, report.windows, report.hours) == (1, [], [])
    assert said == [
        "2026-11-22T15 to 2026-11-22T15: open windows: 1, 600 s",
        "stays open: OPENSEA_API_KEY is not set, so the Events API cannot be asked",
    ]
    assert gaps(repairing) == [("collector-a", None, None)]


async def test_a_gap_of_an_hour_that_a_detached_month_closed_is_left_out(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    query(
        repairing.warehouse_url.get_secret_value(),
        "INSERT INTO core.detached_month (month, sales, software) VALUES ('2026-10-01', 1, '')",
    )
    said: list[str] = []
    report = await asyncio.to_thread(repair_gaps, repairing, HOUR, HOUR, log=said.append)
    assert (report.requests, report.hours) == (0, [])
    assert said == [
        "2026-11-22T15 to 2026-11-22T15: open windows: 0, 0 s",
        "left out: 1 windows of hours that cannot be loaded any more, for a month was detached",
    ]


async def test_a_dry_run_shows_what_it_would_ask_and_asks_nothing(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    report = await asyncio.to_thread(repair_gaps, repairing, HOUR, HOUR, dry_run=True)
    assert [asked.start for asked in report.windows] == ["2026-11-22T15:10:00.000000Z"]
    assert (report.requests, report.hours) == (0, [])


async def test_an_api_that_is_busy_for_a_moment_is_waited_for(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, sale(12, 1))
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    simulator.arm(ApiFailure(status=429, retry_after="0", times=2))
    report = await asyncio.to_thread(repair_and_load, repairing)
    assert len(simulator.fired) == 2
    assert report.requests == 3
    assert len(sales(repairing)) == 1


async def test_a_refused_key_is_a_problem_and_changes_nothing(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    recording("collector-a", (10, 20)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    before = contents(repairing.warehouse_url.get_secret_value())
    wrong = repairing.model_copy(update={"opensea_api_key": SecretStr("not-a-key")})
    with pytest.raises(Problem, match="OPENSEA_API_KEY") as caught:
        await asyncio.to_thread(repair_and_load, wrong)
    assert "not-a-key" not in str(caught.value)
    assert contents(repairing.warehouse_url.get_secret_value()) == before


async def test_what_the_api_cannot_answer_leaves_that_window_open_and_goes_on(
    s3: "S3Client", repairing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, sale(12, 1))
    recording("collector-a", (10, 20), (30, 40)).put(s3, repairing.bucket)
    load_hour(HOUR, repairing)
    simulator.arm(ApiFailure(status=404, times=1))
    report = await asyncio.to_thread(repair_and_load, repairing)
    assert [asked.why for asked in report.windows] == ["the API refused this question: HTTP 404", None]
    assert [repaired for _, repaired, _ in gaps(repairing)] == [report.collector, None]
    url = repairing.warehouse_url.get_secret_value()
    assert one(url, "SELECT count(*) FROM core.sale") == 1
