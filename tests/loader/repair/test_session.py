"""Answers as a server may give them, through repair, archive and load: what is right is loaded, the rest set aside."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.loader.contents import query
from tests.loader.recording import TOPIC, Recording
from tests.loader.repair.answering import answering, answers_of
from tests.loader.transform.messages import FIXTURES
from tidemark.archive.manifest import Gap
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.loader.hours import load_hour
from tidemark.loader.repair.gaps import RepairReport, repair_gaps
from tidemark.loader.repair.objects import Line
from tidemark.loader.repair.page import read_page
from tidemark.loader.settings import LoaderSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOUR = Hour.parse("2026-08-05T00")  # of the answers' sales
EVENTS = [json.loads(line) for line in (FIXTURES / "events_api/sales.2025.jsonl").read_bytes().splitlines()]


@pytest.fixture
def missed(s3: "S3Client", settings: LoaderSettings) -> LoaderSettings:
    """A warehouse that knows the whole hour as a gap."""
    gap = Gap(TOPIC, HOUR.start, HOUR.end, "not_running")
    Recording("collector-a", hour=HOUR, covered=[], gaps=[gap]).put(s3, settings.bucket)
    asking = settings.model_copy(update={"opensea_api_key": SecretStr("key"), "collectors": ()})
    load_hour(HOUR, asking)
    return asking


def repaired(settings: LoaderSettings, answers: list[dict[str, Any]]) -> RepairReport:
    with answering(answers) as url:
        asking = settings.model_copy(update={"api_url": url})
        report = repair_gaps(asking, HOUR, HOUR, sleep=lambda _: None)
    for hour in report.hours:
        load_hour(Hour.parse(hour), settings)
    return report


def found(settings: LoaderSettings, statement: str) -> list[tuple[object, ...]]:
    return query(settings.warehouse_url.get_secret_value(), statement)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("name", "sales", "set_aside"),
    [("lone-surrogate", 3, 0), ("resold-in-one-tx", 2, 0), ("iso-timestamp", 2, 1)],
)
def test_each_event_of_an_answer_is_loaded_or_set_aside_alone(
    missed: LoaderSettings, name: str, sales: int, set_aside: int
) -> None:
    report = repaired(missed, answers_of(name))
    assert [(window.sales, window.set_aside) for window in report.windows] == [(sales, set_aside)]
    assert found(missed, "SELECT count(*) FROM ops.quarantine WHERE reason <> ''") == [(set_aside,)]
    gap = found(missed, "SELECT repaired_by, set_aside FROM ops.gap")
    quality = found(missed, "SELECT repaired_s::int FROM mart.hour_quality")
    if set_aside:
        assert (gap, quality) == ([(None, set_aside)], [(0,)])
        with pytest.raises(Problem, match="nothing was repaired"):
            report.check()
    else:
        assert (gap, quality) == ([(report.collector, None)], [(3600,)])
        report.check()


@pytest.mark.postgres
def test_a_gap_is_repaired_once_an_answer_can_be_loaded_whole(missed: LoaderSettings) -> None:
    first = repaired(missed, answers_of("iso-timestamp"))
    assert [window.set_aside for window in first.windows] == [1]
    answer = answers_of("iso-timestamp")
    del answer[0]["json"]["asset_events"][1]
    second = repaired(missed, answer)
    assert found(missed, "SELECT repaired_by, set_aside FROM ops.gap") == [(second.collector, None)]
    assert found(missed, "SELECT count(*) FROM core.sale") == [(2,)]


@pytest.mark.postgres
@pytest.mark.parametrize(("name", "fault"), [("403-cloudflare", "blocked"), ("200-html", "not_an_answer")])
def test_what_is_no_answer_of_the_api_is_named_and_leaves_the_gap_open(
    missed: LoaderSettings, name: str, fault: str
) -> None:
    report = repaired(missed, answers_of(name))
    assert [(window.fault, window.covered_seconds) for window in report.windows] == [(fault, 0.0)]
    assert report.hours == []
    with pytest.raises(Problem, match="answer of the API"):
        report.check()
    again = repaired(missed, [{"json": {"asset_events": []}}])
    assert [window.covered_seconds for window in again.windows] == [3600.0]
    again.check()


_JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just({}) | st.just([])
_FIELDS = st.sampled_from(["chain", "transaction", "nft", "event_timestamp", "payment", "quantity", "closing_date"])


@given(
    st.lists(st.tuples(st.sampled_from(EVENTS), st.none() | st.tuples(_FIELDS, _JUNK | st.just("absent"))), max_size=8),
    st.data(),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_page_yields_each_event_as_it_would_be_alone(events: list[Any], data: st.DataObject) -> None:
    """However events of a page are damaged, each becomes what it is when it is a page of its own."""
    texts = []
    for event, damage in events:
        changed = dict(event)
        if damage and damage[1] == "absent":
            changed.pop(damage[0], None)
        elif damage:
            changed[damage[0]] = damage[1]
        text = json.dumps(changed, ensure_ascii=data.draw(st.booleans())).encode(errors="surrogatepass")
        if damage and data.draw(st.booleans()):
            place = data.draw(st.integers(20, len(text) - 1))
            text = (
                text[:place] + data.draw(st.sampled_from([b'"', b"{", b"}", b"\xff", b"\\ud800", b""])) + text[place:]
            )
        texts.append(text)
    together = outcomes(texts)
    for number, (_, damage) in enumerate(events):
        if damage is None:
            assert outcomes([texts[number]])[0] in together
    assert sum(is_sale for _, is_sale in together) >= sum(damage is None for _, damage in events)


def outcomes(texts: list[bytes]) -> list[tuple[bytes, bool]]:
    page = read_page(b'{"asset_events":[' + b",".join(texts) + b"]}")
    return [(event.text, Line.of(event, HOUR.end).is_sale) for event in page.events]
