"""An audit from settled hours to figures, through a real Events API, a real archive and real loads."""

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.loader.contents import contents, query
from tests.loader.recording import TOPIC, Recording
from tests.loader.repair.answering import answering, answers_of
from tests.loader.repair.test_gaps import HOUR, recording, sale, tell
from tidemark.archive.manifest import Interval
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.hours import load_hour
from tidemark.loader.repair.audit import AuditReport, audit_hours, audited, summary
from tidemark.loader.repair.session import WindowReport
from tidemark.loader.settings import LoaderSettings
from tidemark.simulator.server import Simulator

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.postgres
A, B = "collector-a", "collector-b"


@pytest.fixture
def auditing(settings: LoaderSettings, simulator: Simulator) -> LoaderSettings:
    update = {"api_url": simulator.api_url, "opensea_api_key": SecretStr("key-a"), "collectors": (), "audit_delay": 0.0}
    return settings.model_copy(update=update)


def audit_and_load(settings: LoaderSettings, **options: Any) -> AuditReport:
    report = audit_hours(settings, HOUR, HOUR, **options)
    for key in report.hours:
        load_hour(Hour.parse(key), settings)
    return report


def record(s3: "S3Client", bucket: str, collector: str, *messages: dict[str, Any], gap: Any = ()) -> None:
    seen = recording(collector, *gap)
    for message in messages:
        seen.receive(message, 60)
    seen.put(s3, bucket)


def rows(settings: LoaderSettings, statement: str) -> list[tuple[object, ...]]:
    return query(settings.warehouse_url.get_secret_value(), statement)


async def test_an_hour_says_who_received_what_the_api_knows_and_what_no_collector_received(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator
) -> None:
    told = [sale(minute, minute) for minute in range(5, 55)]
    tell(simulator, *told[:49])  # the last one only the stream has
    record(s3, auditing.bucket, A, *told[5:], gap=[(5, 8)])
    record(s3, auditing.bucket, B, *told[6:40], *told[42:], gap=[(5, 8)])
    load_hour(HOUR, auditing)
    assert audited(auditing, HOUR)["audited_share"] is None

    report = await asyncio.to_thread(audit_and_load, auditing)

    found = audited(auditing, HOUR)
    assert (found["audited_share"], found["api_sales"]) == (1.0, 49)
    assert found["api_seen_by"] == {A: 3, f"{A}+{B}": 41}
    # sold at minutes 5 to 9; the gap ends at 8, and those up to 6 could have been sent in it
    assert (found["api_unseen"], found["api_unseen_uncovered"], found["stream_only"]) == (2, 3, 1)
    assert (found["api_covered"], found["loss"]) == (46, round(2 / 46, 6))
    assert found["loss_low"] < found["loss"] < found["loss_high"]
    assert len(rows(auditing, "SELECT 1 FROM core.sale")) == 50
    assert rows(auditing, "SELECT seed FROM ops.audit_draw") == [(report.seed,)]
    assert "by none 2 although covered, 3 in gaps; only on the stream 1\n  loss 4.348 %" in summary(found)


async def test_an_audit_again_asks_nothing_and_a_load_again_keeps_the_figures(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator
) -> None:
    told = [sale(minute, minute) for minute in range(5, 25)]
    tell(simulator, *told)
    record(s3, auditing.bucket, A, *told[:18])
    load_hour(HOUR, auditing)
    await asyncio.to_thread(audit_and_load, auditing)
    found = audited(auditing, HOUR)
    assert (found["api_unseen"], found["api_covered"]) == (2, 20)

    again = await asyncio.to_thread(audit_and_load, auditing)
    assert (again.hours_due, again.requests, again.hours) == (0, 0, [])
    again.check()
    load_hour(HOUR, auditing, force=True)
    assert audited(auditing, HOUR) == found
    await asyncio.to_thread(audit_and_load, auditing, again=True)
    assert audited(auditing, HOUR) == found
    # a manifest that comes late has what no other had
    record(s3, auditing.bucket, B, *told)
    load_hour(HOUR, auditing)
    late = audited(auditing, HOUR)
    assert (late["api_seen_by"], late["api_unseen"], late["loss"]) == ({f"{A}+{B}": 18, B: 2}, 0, 0.0)


async def test_the_order_of_loading_does_not_matter(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator, fresh: Any
) -> None:
    """Sales at the end of an hour are received in the next, which may be loaded first or last."""
    after = HOUR.next()
    told = [sale(59.95, number) for number in range(3)] + [sale(30, 9)]
    tell(simulator, *told)
    record(s3, auditing.bucket, A, told[3])
    late = Recording(A, hour=after, covered=[Interval(TOPIC, after.start, after.end)])
    for message in told[:2]:
        late.receive(message, 1)
    late.put(s3, auditing.bucket)
    load_hour(HOUR, auditing)
    await asyncio.to_thread(audit_and_load, auditing)
    load_hour(after, auditing)
    found = audited(auditing, HOUR)
    assert (found["api_seen_by"], found["api_unseen"]) == ({A: 3}, 1)
    other = fresh(auditing)
    load_hour(after, other)
    load_hour(HOUR, other)
    assert audited(other, HOUR) == found


async def test_a_small_budget_asks_for_a_sample_that_the_seed_decides(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator
) -> None:
    told = [sale(1 + number / 20, number) for number in range(1_100)]
    tell(simulator, *told)
    record(s3, auditing.bucket, A, *told)
    load_hour(HOUR, auditing)
    small = auditing.model_copy(update={"audit_requests": 3})
    planned = await asyncio.to_thread(audit_and_load, small, seed=7, dry_run=True)
    assert planned.requests == 0
    report = await asyncio.to_thread(audit_and_load, small, seed=7)
    assert [window.start for window in report.windows] == [window.start for window in planned.windows]
    assert (report.requests, report.drawn) == (3, 3)
    found = audited(auditing, HOUR)
    assert found["audited_share"] == 0.25
    assert 0 < found["api_sales"] <= 301
    assert (found["api_unseen"], found["loss"]) == (0, 0.0)


async def test_an_order_hash_that_only_the_stream_names_is_one_sale(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator
) -> None:
    tell(simulator, sale(5, 1, order_hash=""), sale(6, 2))
    record(s3, auditing.bucket, A, sale(5, 1), sale(6, 2))
    load_hour(HOUR, auditing)
    await asyncio.to_thread(audit_and_load, auditing)
    found = audited(auditing, HOUR)
    assert (found["api_sales"], found["api_seen_by"], found["stream_only"]) == (2, {A: 2}, 0)


def test_an_api_that_gives_no_answer_fails_and_leaves_the_hour_due(s3: "S3Client", auditing: LoaderSettings) -> None:
    record(s3, auditing.bucket, A, sale(5, 1))
    load_hour(HOUR, auditing)
    before = contents(auditing.warehouse_url.get_secret_value())
    with answering([{"status": 404, "json": {}}]) as url:
        report = audit_hours(auditing.model_copy(update={"api_url": url}), HOUR, HOUR)
    with pytest.raises(Problem, match="nothing was audited"):
        report.check()
    assert report.hours == []
    with answering(answers_of("iso-timestamp")) as url:
        again = audit_hours(auditing.model_copy(update={"api_url": url}), HOUR, HOUR)
    assert again.hours_due == 1
    assert before.keys() == contents(auditing.warehouse_url.get_secret_value()).keys()


def test_hours_that_are_not_settled_and_a_missing_key_ask_nothing(s3: "S3Client", auditing: LoaderSettings) -> None:
    record(s3, auditing.bucket, A, sale(5, 1))
    load_hour(HOUR, auditing)
    keyless = auditing.model_copy(update={"opensea_api_key": None})
    report = audit_hours(keyless, HOUR, HOUR)
    assert (report.drawn, report.requests) == (1, 0)
    assert report.why is not None
    report.check()
    assert rows(auditing, "SELECT 1 FROM ops.audit_draw") == []
    unsettled = auditing.model_copy(update={"audit_delay": 1e9})
    assert audit_hours(unsettled, HOUR, HOUR).hours_due == 0
    rows(
        auditing,
        "INSERT INTO core.detached_month (month, sales, software) VALUES ('2026-10-01', 1, '') RETURNING month",
    )
    said: list[str] = []
    assert audit_hours(auditing, HOUR, HOUR, log=said.append).hours_due == 0
    assert said[1:] == ["left out: 1 hours that cannot be loaded any more, for a month was detached"]


def test_one_window_that_was_answered_is_enough() -> None:
    report = AuditReport("events-api-audit-1", seed=1, budget=9, hours_due=1, requests=2)
    report.windows += [WindowReport("h", TOPIC, "s", 60.0, covered_seconds=known) for known in (0.0, 60.0)]
    report.check()


@pytest.mark.parametrize("loss", [0.0001, 0.001, 0.01, 0.05])
async def test_repair_and_audit_bring_what_the_server_dropped(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator, loss: float
) -> None:
    """A market whose server drops sales for everybody: all that the API knows ends up in the warehouse."""
    chance = random.Random(20261122)
    told = [sale(number / 40, number) for number in range(1, 2_000)]
    tell(simulator, *told)
    sent = [message for message in told if chance.random() >= loss]
    for collector in (A, B):
        record(s3, auditing.bucket, collector, *sent)
    load_hour(HOUR, auditing)
    await asyncio.to_thread(audit_and_load, auditing)
    assert len(rows(auditing, "SELECT 1 FROM core.sale")) == len(told)
    found = audited(auditing, HOUR)
    assert found["api_unseen"] == len(told) - len(sent)
    assert found["loss_low"] <= loss <= found["loss_high"]
    assert json.dumps(found)


async def test_a_topic_that_claims_coverage_and_saw_no_sale_that_the_api_knows_was_silent(
    s3: "S3Client", auditing: LoaderSettings, simulator: Simulator
) -> None:
    topics = ("collection:cats", "collection:dogs", "collection:birds")
    covered = [Interval(topic, HOUR.start, HOUR.end) for topic in topics]
    told = [sale(20, 1, collection={"slug": "cats"}), sale(30, 2, collection={"slug": "dogs"})]
    tell(simulator, *told)
    seen = Recording(A, covered=covered, topic=topics[0]).receive(told[0], 60)
    seen.put(s3, auditing.bucket)
    load_hour(HOUR, auditing)
    await asyncio.to_thread(audit_and_load, auditing)
    statement = "SELECT topic, reason, repaired_by LIKE 'events-api-audit-%', recovered FROM ops.gap"
    assert rows(auditing, statement) == [("collection:dogs", "silent", True, 1)]
    # the claim counts for the loss: the collector was subscribed, and the stream sent nothing
    found = audited(auditing, HOUR)
    assert (found["api_covered"], found["api_unseen"], found["audited_share"]) == (2, 1, 1.0)
    load_hour(HOUR, auditing, force=True)
    assert rows(auditing, statement) == [("collection:dogs", "silent", True, 1)]
    assert audited(auditing, HOUR) == found
    # its sale comes with a later manifest: it was not silent
    seen.topic = topics[1]
    seen.receive(told[1], 60).put(s3, auditing.bucket)
    load_hour(HOUR, auditing)
    assert rows(auditing, statement) == []
    assert audited(auditing, HOUR)["loss"] == 0.0
