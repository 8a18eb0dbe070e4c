from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from pydantic import SecretStr

from tests.loader.contents import contents, one, query
from tests.loader.recording import HOUR, TOPIC, Recording, fetched, listed, sold
from tests.support.orders import in_drawn_orders
from tidemark.archive.manifest import Gap, Interval, print_manifest
from tidemark.archive.names import ManifestKey
from tidemark.archive.topic_counts import TopicCounts
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour, hours
from tidemark.loader.checks import run_checks
from tidemark.loader.hours import awaited, load_hour, stale_hours
from tidemark.loader.settings import LoaderSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SALES = 40
Fresh = Callable[[LoaderSettings], LoaderSettings]


def quiet(_: str) -> None:
    """Swallow the progress."""


def url_of(settings: LoaderSettings) -> str:
    return settings.warehouse_url.get_secret_value()


def recorded(collector: str = "collector-a", numbers: range = range(SALES), delay: float = 0.0) -> Recording:
    recording = Recording(collector)
    for number in numbers:
        recording.receive(sold(number), number + 2.5 + delay).receive(listed(number), number)
    return recording


def test_an_hour_is_loaded_line_for_line(s3: "S3Client", settings: LoaderSettings) -> None:
    recording = recorded().seal().receive(b"not a record\n").receive(sold(3), 3600 - 1)
    recording.put(s3, settings.bucket)
    said: list[str] = []

    report = load_hour(HOUR, settings, log=said.append)

    assert (report.lines, report.inserted, report.duplicates, report.other, report.quarantined) == (82, 40, 1, 40, 1)
    assert (report.files, report.collectors, report.missing) == (2, ["collector-a"], ["collector-b"])
    assert report.covered_seconds == 3600
    assert one(url_of(settings), "SELECT count(*) FROM core.sale") == SALES
    files = query(
        url_of(settings),
        "SELECT lines, inserted, replaced, duplicates, other, quarantined FROM ops.load_file ORDER BY file",
    )
    assert files == [(80, 40, 0, 0, 40, 0), (2, 0, 0, 1, 0, 1)]
    assert "2026-11-22T15 loaded" in said[-1]


def test_an_unchanged_hour_is_left_alone(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().put(s3, settings.bucket)
    first = load_hour(HOUR, settings, log=quiet)
    again = load_hour(HOUR, settings, log=quiet)
    assert (first.unchanged, again.unchanged) == (False, True)
    assert (again.lines, again.inserted) == (first.lines, first.inserted)
    assert one(url_of(settings), "SELECT count(*) FROM ops.load_run") == 1


def test_force_reads_again_and_changes_nothing(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().receive(b"\x00\xff bad \\N line\n").put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    before = contents(url_of(settings))
    report = load_hour(HOUR, settings, force=True, log=quiet)
    assert (report.unchanged, report.inserted, report.replaced) == (False, 0, SALES)
    assert contents(url_of(settings)) == before


def test_a_late_collector_completes_the_hour(s3: "S3Client", settings: LoaderSettings, fresh: Fresh) -> None:
    recorded().put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    recorded("collector-b", range(20, 60), delay=-0.25).put(s3, settings.bucket)
    assert stale_hours(settings, HOUR, HOUR) == [HOUR]
    report = load_hour(HOUR, settings, log=quiet)
    assert (report.inserted, report.replaced, report.duplicates) == (20, 20, 40)
    assert stale_hours(settings, HOUR, HOUR) == []
    seen = query(url_of(settings), "SELECT collector, count(*) FROM core.sale_sighting GROUP BY 1 ORDER BY 1")
    assert seen == [("collector-a", 40), ("collector-b", 40)]
    at_once = fresh(settings)
    load_hour(HOUR, at_once, log=quiet)
    assert contents(url_of(at_once)) == contents(url_of(settings))


UNCOUNTED: dict[str, tuple[object, ...]] = {"mart.market_hourly": (0, None), "ops.market_count": (0, None)}


def test_part_of_the_collectors_takes_nothing_from_the_others(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().put(s3, settings.bucket)
    recorded("collector-b", range(20, 60)).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    before = contents(url_of(settings))
    report = load_hour(HOUR, settings, collectors=["collector-b"], log=quiet)
    assert (report.collectors, report.missing, report.inserted) == (["collector-b"], [], 0)
    # the market of an hour is counted over all of its collectors, or is not known
    assert query(url_of(settings), "SELECT is_known FROM mart.market_hour") == [(False,)]
    unknown = UNCOUNTED | {"mart.market_hour": before["mart.market_hour"]}
    assert contents(url_of(settings)) | unknown == before | unknown
    assert {table: contents(url_of(settings))[table] for table in UNCOUNTED} == UNCOUNTED
    load_hour(HOUR, settings, force=True, log=quiet)
    assert contents(url_of(settings)) == before


def test_the_earliest_sight_stands_and_a_later_broadcast_is_kept_as_a_conflict(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    later = HOUR.next()
    Recording(hour=HOUR).receive(sold(1, sent=10), 11).put(s3, settings.bucket)
    again = sold(1, sent=4000, event_timestamp="2026-11-22T16:05:00.000000Z")
    again["payload"]["payment_token"]["usd_price"] = "1"
    Recording(hour=later).receive(again, 401).put(s3, settings.bucket)
    for hour in (later, HOUR):
        load_hour(hour, settings, log=quiet)
    rows = query(url_of(settings), "SELECT usd_rate, source_hour, is_replayed FROM core.sale")
    assert [(str(rate), hour, replayed) for rate, hour, replayed in rows] == [("3000.5", HOUR.start, False)]
    told = query(url_of(settings), "SELECT field, current, reported FROM ops.sale_difference ORDER BY field")
    assert told == [
        ("event_at", "2026-11-22T15:00:01+00:00", "2026-11-22T16:05:00+00:00"),
        ("price_usd", "3000.5000000000000030005", "1.000000000000000001"),
        ("usd_rate", "3000.5", "1"),
    ]


@pytest.mark.parametrize("nameless", ["fetched", "sold"])
@pytest.mark.parametrize("first", ["collector-a", "events-api-1"])
def test_one_sale_under_two_names_is_the_streams(
    s3: "S3Client", settings: LoaderSettings, first: str, nameless: str
) -> None:
    streamed, listed_there = sold(1), fetched(1)
    (listed_there if nameless == "fetched" else streamed)["payload"]["order_hash"] = ""
    Recording().receive(streamed, 3).put(s3, settings.bucket)
    Recording("events-api-1", topic="events-api").receive(listed_there, 3000).receive(fetched(2), 3000).put(
        s3, settings.bucket
    )
    load_hour(HOUR, settings, collectors=[first], log=quiet)
    load_hour(HOUR, settings, log=quiet)
    load_hour(HOUR, settings, force=True, log=quiet)
    sales = query(url_of(settings), "SELECT token_id, source FROM core.sale ORDER BY 1")
    assert sales == [("1", "stream"), ("2", "events_api")]
    assert one(url_of(settings), "SELECT count(*) FROM core.sale_superseded") == 1
    counted = one(url_of(settings), "SELECT sum(inserted) - sum(superseded) FROM ops.load_run")
    assert counted == len(sales)


def test_the_same_sale_from_both_sources_is_one_row(s3: "S3Client", settings: LoaderSettings) -> None:
    Recording("events-api-1", topic="events-api").receive(fetched(1), 3000).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    Recording().receive(sold(1), 3).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    assert query(url_of(settings), "SELECT source, first_collector FROM core.sale") == [("stream", "collector-a")]


FIRST, LAST = Hour.parse("2026-11-22T14"), Hour.parse("2026-11-22T16")


def market(random: Random, collectors: Sequence[str] = ("collector-a", "collector-b")) -> list[Recording]:
    """A small market seen by two collectors and a repair, with every disagreement that observations can have."""
    recordings = []
    for hour in hours(FIRST, LAST):
        for collector in (*collectors, "events-api-1"):
            recording = Recording(collector, hour)
            if collector != "events-api-1" and random.random() < 0.5:
                recording.covered, recording.gaps = [], [Gap(TOPIC, hour.start, hour.end, "not_running")]
            for _ in range(random.randrange(12)):
                recording.receive(*observation(random, collector))
            recordings.append(recording)
    return recordings


def observation(random: Random, collector: str) -> tuple[dict[str, Any], float]:
    changes: dict[str, Any] = {"order_hash": ""} if random.random() < 0.3 else {}
    number, at = random.randrange(6), random.randrange(3600)
    if collector.startswith("events-api"):
        return fetched(number, FIRST, **changes), at
    if random.random() < 0.3:
        changes["sale_price"] = str(random.randrange(3))
    return sold(number, FIRST, sent=random.choice([1, 2, 7200]), **changes), at


@in_drawn_orders(1)
def test_the_order_of_loading_leaves_no_trace(
    s3: "S3Client", settings: LoaderSettings, fresh: Fresh, seed: int
) -> None:
    random = Random(seed)
    recordings = market(random)
    random.shuffle(recordings)
    for recording in recordings:  # archived one by one, loaded as it is after each, in any order, some twice
        recording.put(s3, settings.bucket)
        known = [one.hour for one in recordings[: recordings.index(recording) + 1]]
        for hour in random.choices(known, k=2):
            load_hour(hour, settings, log=quiet, force=random.random() < 0.3)
    for hour in random.sample(list(hours(FIRST, LAST)), 3):
        load_hour(hour, settings, log=quiet)
    in_order = fresh(settings)
    for hour in hours(FIRST, LAST):
        load_hour(hour, in_order, log=quiet)
    assert contents(url_of(settings)) == contents(url_of(in_order))
    assert one(url_of(settings), "SELECT sum(inserted) - sum(superseded) FROM ops.load_run") == one(
        url_of(settings), "SELECT count(*) FROM core.sale"
    )


def test_two_loaders_of_one_hour(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().put(s3, settings.bucket)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: load_hour(HOUR, settings, log=quiet), range(2)))
    assert sorted(report.unchanged for report in reports) == [False, True]
    assert one(url_of(settings), "SELECT count(*) FROM core.sale") == SALES


def test_eight_hours_by_four_loaders(s3: "S3Client", settings: LoaderSettings, fresh: Fresh) -> None:
    wanted = list(hours(Hour.parse("2026-11-22T08"), HOUR))
    for hour in wanted:
        recording = Recording(hour=hour)
        for number in range(30):  # the same sales again and again, so that every load meets every other
            recording.receive(sold(number, HOUR, sent=-number * hour.start.hour), number)
        recording.put(s3, settings.bucket)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda hour: load_hour(hour, settings, log=quiet), wanted * 2))
    in_order = fresh(settings)
    for hour in wanted:
        load_hour(hour, in_order, log=quiet)
    assert contents(url_of(settings)) == contents(url_of(in_order))


def test_coverage_and_gaps_are_those_of_the_manifests(s3: "S3Client", settings: LoaderSettings) -> None:
    middle, late = HOUR.start + timedelta(minutes=20), HOUR.start + timedelta(minutes=50)
    covered = [Interval(TOPIC, HOUR.start, middle), Interval(TOPIC, late, HOUR.end)]
    Recording(covered=covered, gaps=[Gap(TOPIC, middle, late, "connection_lost")]).put(s3, settings.bucket)
    settings = settings.model_copy(update={"collectors": ("collector-a",)})
    report = load_hour(HOUR, settings, log=quiet)
    assert report.covered_seconds == 1800
    assert report.gaps == ["collector-a collection:* 15:20:00 to 15:50:00: connection_lost"]
    Recording("events-api-1", covered=[Interval(TOPIC, middle, late)]).put(s3, settings.bucket)
    assert load_hour(HOUR, settings, log=quiet).gaps == []
    assert one(url_of(settings), "SELECT repaired_by FROM ops.gap") == "events-api-1"


def test_what_another_collector_received_in_a_row_contradicts_a_claim(
    s3: "S3Client", settings: LoaderSettings, fresh: Fresh
) -> None:
    """In whichever order the two are loaded, or both together, and whatever is loaded again."""
    deaf, other = Recording("collector-a"), Recording("collector-b")
    for number in range(40):
        other.receive(sold(number), 600 + number)
        if not 10 <= number < 20:
            deaf.receive(sold(number), 600.5 + number)
    silent = [("collector-a", TOPIC, HOUR.start + timedelta(seconds=609, microseconds=1),
               HOUR.start + timedelta(seconds=620.5), "silent")]  # fmt: skip
    found = []
    for orders in (["collector-a"], ["collector-b"]), (["collector-b"], ["collector-a"]), (None, ["collector-b"]):
        here = fresh(settings)
        deaf.put(s3, settings.bucket)
        other.put(s3, settings.bucket)
        for collectors in orders:
            load_hour(HOUR, here, collectors=collectors, force=True, log=quiet)
        load_hour(HOUR, here, collectors=["collector-a"], force=True, log=quiet)
        assert gaps(here) == silent
        covered_twice = one(url_of(here), "SELECT covered_s - covered_twice_s FROM mart.hour_quality")
        assert float(str(covered_twice)) == pytest.approx(11.5, abs=0.001)
        found.append(contents(url_of(here)))
    assert found[0] == found[1] == found[2]


def test_a_silence_that_crosses_the_hour_is_found_by_either_hours_load(
    s3: "S3Client", settings: LoaderSettings, fresh: Fresh
) -> None:
    recorded_hours: dict[tuple[str, Hour], Recording] = {}
    for number in range(-30, 30):  # two sales before the boundary, three after it
        hour = HOUR if number < 0 else HOUR.next()
        at = hour.start + timedelta(seconds=60 * number + (3600 if number < 0 else 0) + 30)
        for collector in ("collector-a", "collector-b"):
            recording = recorded_hours.setdefault((collector, hour), Recording(collector, hour))
            if collector == "collector-b" or not -2 <= number < 3:
                recording.receive(sold(number % 60), (at - hour.start).total_seconds())
    for recording in recorded_hours.values():
        recording.put(s3, settings.bucket)
    found = []
    for order in ([HOUR, HOUR.next()], [HOUR.next(), HOUR]):
        here = fresh(settings)
        for hour in order:
            load_hour(hour, here, log=quiet)
        assert [(row[2:]) for row in gaps(here)] == [
            (HOUR.end - timedelta(seconds=150) + timedelta(microseconds=1), HOUR.end, "silent"),
            (HOUR.end, HOUR.end + timedelta(seconds=210), "silent"),
        ]
        seconds = query(url_of(here), "SELECT covered_s - covered_twice_s FROM mart.hour_quality ORDER BY hour")
        assert [round(float(str(each))) for (each,) in seconds] == [150, 210]
        found.append(contents(url_of(here)))
    assert found[0] == found[1]


def test_an_empty_hour_is_loaded_too(s3: "S3Client", settings: LoaderSettings) -> None:
    Recording().put(s3, settings.bucket)
    report = load_hour(HOUR, settings, log=quiet)
    figures = (report.files, report.lines, report.inserted, report.replaced, report.duplicates, report.quarantined)
    assert (figures, report.covered_seconds) == ((0,) * 6, 3600)
    assert load_hour(HOUR, settings, log=quiet).unchanged


def test_a_collector_without_a_manifest_is_named(s3: "S3Client", settings: LoaderSettings) -> None:
    Recording("collector-b").put(s3, settings.bucket)
    with pytest.raises(Problem, match="2026-11-22T15 by collector-a, only by collector-b"):
        load_hour(HOUR, settings, collectors=["collector-a"], log=quiet)


def test_collectors_are_awaited_until_all_have_reported(s3: "S3Client", settings: LoaderSettings) -> None:
    assert awaited([HOUR], settings, HOUR.end) == {HOUR: ["collector-a", "collector-b"]}
    Recording("collector-b").put(s3, settings.bucket)
    assert awaited([HOUR], settings, HOUR.end) == {HOUR: ["collector-a"]}
    Recording("collector-a").put(s3, settings.bucket)
    assert awaited([HOUR], settings, HOUR.end) == {}


def test_an_hour_of_the_future_is_not_awaited(s3: "S3Client", settings: LoaderSettings) -> None:
    with pytest.raises(Problem, match=f"{HOUR.key} is in the future"):
        awaited([HOUR], settings, HOUR.start - timedelta(seconds=1))
    assert awaited([HOUR], settings, HOUR.start) == {HOUR: ["collector-a", "collector-b"]}
    for collector in settings.collectors:
        Recording(collector).put(s3, settings.bucket)
    assert awaited([HOUR], settings, HOUR.start - timedelta(hours=1)) == {}


def test_the_grace_period_ends_by_the_clock_of_each_hour(settings: LoaderSettings) -> None:
    end, both = HOUR.end + timedelta(seconds=settings.grace_period), ["collector-a", "collector-b"]
    assert awaited([HOUR], settings, end - timedelta(microseconds=1)) == {HOUR: both}
    assert awaited([HOUR, HOUR.next()], settings, end) == {HOUR.next(): both}


def gaps(settings: LoaderSettings) -> list[tuple[object, ...]]:
    """What the warehouse has of an hour that lacks a manifest, or of any other."""
    return query(url_of(settings), "SELECT collector, topic, from_at, to_at, reason FROM ops.gap ORDER BY 1, 2, 3")


def quality(settings: LoaderSettings) -> tuple[object, ...]:
    return query(url_of(settings), "SELECT collectors, covered_s::int, gaps FROM mart.hour_quality")[0]


def whole_hour(collector: str, topic: str = TOPIC) -> tuple[object, ...]:
    return (collector, topic, HOUR.start, HOUR.end, "no_manifest")


def test_a_collector_that_has_not_reported_is_a_gap_until_it_does(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().put(s3, settings.bucket)
    report = load_hour(HOUR, settings, log=quiet)
    assert (report.missing, gaps(settings)) == (["collector-b"], [whole_hour("collector-b")])
    assert quality(settings) == (["collector-a"], 3600, {"collector-b": {"no_manifest": 3600}})
    recorded("collector-b").put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    assert gaps(settings) == []
    assert quality(settings) == (["collector-a", "collector-b"], 3600, {})


def test_a_collector_that_is_left_out_is_a_gap_until_it_was_loaded(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    recorded("collector-b").put(s3, settings.bucket)
    load_hour(HOUR, settings, collectors=["collector-a"], force=True, log=quiet)
    assert gaps(settings) == [whole_hour("collector-b")]
    load_hour(HOUR, settings, log=quiet)
    assert gaps(settings) == []
    load_hour(HOUR, settings, collectors=["collector-a"], log=quiet)
    assert gaps(settings) == []


def test_an_hour_that_no_collector_reported_is_a_gap_until_one_does(s3: "S3Client", settings: LoaderSettings) -> None:
    Recording(hour=HOUR.previous()).put(s3, settings.bucket)
    reports = [load_hour(HOUR, settings, force=force, log=quiet) for force in (False, False, True)]
    assert [report.unchanged for report in reports] == [False, True, False]
    assert (reports[0].collectors, reports[0].missing) == ([], ["collector-a", "collector-b"])
    assert gaps(settings) == [whole_hour("collector-a"), whole_hour("collector-b")]
    both = {"collector-a": {"no_manifest": 3600}, "collector-b": {"no_manifest": 3600}}
    assert quality(settings) == ([], 0, both)
    assert stale_hours(settings, HOUR, HOUR) == []

    died = Gap(TOPIC, HOUR.start + timedelta(minutes=50), HOUR.end, "process_died")
    recorded().put(s3, settings.bucket)
    Recording(covered=[Interval(TOPIC, HOUR.start, died.start)], gaps=[died]).put(s3, settings.bucket)
    assert stale_hours(settings, HOUR, HOUR) == [HOUR]
    load_hour(HOUR, settings, log=quiet)
    assert gaps(settings) == [("collector-a", TOPIC, died.start, HOUR.end, "process_died"), whole_hour("collector-b")]


def test_a_gap_of_no_collector_is_of_what_the_others_recorded_or_of_what_was_to_be_recorded(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    some = settings.model_copy(update={"collections": ("apes", "cats")})
    Recording(hour=HOUR.previous()).put(s3, settings.bucket)
    load_hour(HOUR, some, log=quiet)
    wanted = [whole_hour(name, f"collection:{slug}") for name in settings.collectors for slug in some.collections]
    assert gaps(settings) == wanted
    Recording(topic="collection:dogs").put(s3, settings.bucket)
    load_hour(HOUR, some, log=quiet)
    assert gaps(settings) == [whole_hour("collector-b", "collection:dogs")]


@pytest.mark.parametrize("known_by", [{"collectors": ()}, {"grace_period": 10.0**9}])
def test_an_hour_that_was_not_to_be_recorded_or_is_still_awaited_is_no_gap(
    s3: "S3Client", settings: LoaderSettings, known_by: dict[str, Any]
) -> None:
    with pytest.raises(Problem, match="no manifest of 2026-11-22T15: no collector has uploaded"):
        load_hour(HOUR, settings.model_copy(update=known_by), log=quiet)
    assert gaps(settings) == []


def test_an_hour_before_the_recording_and_one_of_the_future_leave_no_gap(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    with pytest.raises(Problem, match="no collector was recording in 2026-11-22T15: the archive has no hour at all"):
        load_hour(HOUR, settings, log=quiet)
    Recording("events-api-1", hour=HOUR.previous()).put(s3, settings.bucket)
    Recording(hour=HOUR.next()).put(s3, settings.bucket)
    with pytest.raises(Problem, match=r"no collector was recording .* the first recorded hour is 2026-11-22T16"):
        load_hour(HOUR, settings, log=quiet)
    with pytest.raises(Problem, match=r"2999-01-01T00 is in the future: it is .* now, in UTC"):
        load_hour(Hour.parse("2999-01-01T00"), settings, log=quiet)
    assert gaps(settings) == []


def test_an_hour_that_the_archive_has_lost_stands_as_it_was_loaded(s3: "S3Client", settings: LoaderSettings) -> None:
    recorded().put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    before = contents(url_of(settings))
    s3.delete_object(Bucket=settings.bucket, Key=str(ManifestKey("", "collector-a", HOUR)))
    assert stale_hours(settings, HOUR, HOUR) == []
    with pytest.raises(Problem, match="no collector has uploaded"):
        load_hour(HOUR, settings, force=True, log=quiet)
    assert contents(url_of(settings)) == before


def test_a_collector_whose_manifest_the_archive_has_lost_keeps_its_coverage(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    for collector in settings.collectors:
        recorded(collector).put(s3, settings.bucket)
    load_hour(HOUR, settings, log=quiet)
    s3.delete_object(Bucket=settings.bucket, Key=str(ManifestKey("", "collector-b", HOUR)))
    load_hour(HOUR, settings, log=quiet)
    assert gaps(settings) == []


def test_stale_hours_are_those_that_changed_or_were_never_loaded(s3: "S3Client", settings: LoaderSettings) -> None:
    first, last = Hour.parse("2026-11-20T22"), Hour.parse("2026-11-21T01")
    for hour in hours(first, last):
        Recording(hour=hour).put(s3, settings.bucket)
    assert stale_hours(settings, first.next(), last) == list(hours(first.next(), last))
    for hour in hours(first, last):
        load_hour(hour, settings, log=quiet)
    assert stale_hours(settings, first, last) == []
    Recording("collector-b", hour=last).put(s3, settings.bucket)
    assert stale_hours(settings, first, last) == [last]


def test_stale_hours_hold_those_that_no_collector_reported_once_recording_had_begun(
    s3: "S3Client", settings: LoaderSettings
) -> None:
    before, begun, silent, last = list(hours(Hour.parse("2026-11-20T22"), Hour.parse("2026-11-21T01")))
    assert stale_hours(settings, before, last) == []
    Recording(hour=begun).put(s3, settings.bucket)
    assert stale_hours(settings, before, last) == [begun, silent, last]
    assert stale_hours(settings.model_copy(update={"collectors": ()}), before, last) == [begun]
    assert stale_hours(settings.model_copy(update={"grace_period": 10.0**9}), before, last) == [begun]
    for hour in (begun, silent, last):
        load_hour(hour, settings, log=quiet)
    assert stale_hours(settings, before, last) == []


def test_hours_that_a_person_deleted_stay_as_they_were_loaded_and_nothing_is_red(
    s3: "S3Client", settings: LoaderSettings, fresh: Fresh
) -> None:
    days = [HOUR, *hours(HOUR.next(), HOUR.next().next())]
    for number, hour in enumerate(days):
        for collector in ("collector-a", "collector-b"):
            numbers = range(number * SALES, number * SALES + SALES)
            recording = Recording(collector, hour)
            for each in numbers:
                recording.receive(sold(each, hour), each % SALES + 2.5)
            recording.put(s3, settings.bucket)
        load_hour(hour, settings, log=quiet)
    before = contents(url_of(settings))
    for kind in ("manifests", "events"):  # in the order of docs/backup.md, and found quiet in between, too
        folder = f"{kind}/date={HOUR.start:%Y-%m-%d}/hour={HOUR.start:%H}/"
        for found in s3.list_objects_v2(Bucket=settings.bucket, Prefix=folder)["Contents"]:
            s3.delete_object(Bucket=settings.bucket, Key=found["Key"])
        assert stale_hours(settings, HOUR, days[-1]) == []
        assert run_checks(settings.warehouse_url) == []
    for force in (False, True):
        with pytest.raises(Problem, match="the archive has no manifest of 2026-11-22T15"):
            load_hour(HOUR, settings, force=force, log=quiet)
    load_hour(days[1], settings, force=True, log=quiet)
    assert run_checks(settings.warehouse_url) == []
    assert contents(url_of(settings)) == before

    fewer = fresh(settings)  # a warehouse of the hours that were kept
    for hour in stale_hours(fewer, HOUR, days[-1]):
        load_hour(hour, fewer, log=quiet)
    assert query(url_of(fewer), "SELECT DISTINCT source_hour FROM ops.load_run ORDER BY 1") == [
        (hour.start,) for hour in days[1:]
    ]
    assert one(url_of(fewer), "SELECT count(*) FROM core.sale") == 2 * SALES
    assert run_checks(fewer.warehouse_url) == []


def damage(s3: "S3Client", bucket: str, key: str, how: str) -> None:
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if how == "missing":
        s3.delete_object(Bucket=bucket, Key=key)
    else:
        changed = {"cut": body[:-7], "flipped": body[:50] + bytes([body[50] ^ 1]) + body[51:]}[how]
        s3.put_object(Bucket=bucket, Key=key, Body=changed)


@pytest.mark.parametrize(
    ("how", "said"), [("missing", "is missing"), ("cut", "was cut or replaced"), ("flipped", "was damaged or replaced")]
)
def test_a_damaged_object_loads_nothing_until_it_is_right_again(
    s3: "S3Client", settings: LoaderSettings, how: str, said: str
) -> None:
    recording = recorded().seal().receive(sold(99), 5)
    manifest = recording.put(s3, settings.bucket)
    before = contents(url_of(settings))
    damage(s3, settings.bucket, manifest.segments[1].key, how)
    with pytest.raises(Problem, match=said):
        load_hour(HOUR, settings, log=quiet)
    assert contents(url_of(settings)) == before
    recording.put(s3, settings.bucket)
    assert load_hour(HOUR, settings, log=quiet).inserted == SALES + 1


def test_a_manifest_that_counts_otherwise_is_refused(s3: "S3Client", settings: LoaderSettings) -> None:
    manifest = recorded().put(s3, settings.bucket)
    lying = msgspec.structs.replace(
        manifest,
        event_types={"item_sold": 1, "item_listed": manifest.records - 1},
        topics={TOPIC: TopicCounts((0,), (manifest.records,), (1,))},
    )
    key = str(ManifestKey("", "collector-a", HOUR))
    s3.put_object(Bucket=settings.bucket, Key=key, Body=print_manifest(lying))
    with pytest.raises(Problem, match=r"counted 1 item_sold messages in 2026-11-22T15, the loader 40"):
        load_hour(HOUR, settings, log=quiet)


def test_a_warehouse_without_tables_is_told_apart(s3: "S3Client", settings: LoaderSettings, postgres_url: str) -> None:
    recorded().put(s3, settings.bucket)
    empty = settings.model_copy(update={"warehouse_url": SecretStr(postgres_url)})
    with pytest.raises(Problem, match="lacks the migrations 0001_schemas") as caught:
        load_hour(HOUR, empty, log=quiet)
    assert caught.value.hint == "Run: tidemark migrate"


def test_a_sale_that_is_told_no_more_is_taken_back(s3: "S3Client", settings: LoaderSettings, fresh: Fresh) -> None:
    Recording().receive(sold(1), 3).receive(sold(2), 4).receive(sold(3), 5).put(s3, settings.bucket)
    Recording(hour=HOUR.next()).receive(sold(2), 4).put(s3, settings.bucket)
    for hour in (HOUR, HOUR.next()):
        load_hour(hour, settings, log=quiet)
    Recording().receive(sold(3), 5).put(s3, settings.bucket)  # as if the lines of 1 and 2 were read otherwise now

    load_hour(HOUR, settings, log=quiet)

    assert query(url_of(settings), "SELECT token_id FROM core.sale") == [("3",)]
    assert stale_hours(settings, HOUR, HOUR.next()) == [HOUR.next()]
    load_hour(HOUR.next(), settings, log=quiet)
    anew = fresh(settings)
    for hour in (HOUR, HOUR.next()):
        load_hour(hour, anew, log=quiet)
    assert contents(url_of(settings)) == contents(url_of(anew))


def test_the_loaders_role_is_enough(s3: "S3Client", settings: LoaderSettings) -> None:
    url = url_of(settings)
    recorded().receive(b"no record\n").put(s3, settings.bucket)
    query(url, "CREATE ROLE only_loads LOGIN PASSWORD 'only_loads' IN ROLE tidemark_loader")
    try:
        least = url.replace(urlsplit(url).netloc.split("@")[0], "only_loads:only_loads")
        report = load_hour(HOUR, settings.model_copy(update={"warehouse_url": SecretStr(least)}), log=quiet)
    finally:
        query(url, "DROP ROLE only_loads")
    assert (report.inserted, report.quarantined) == (SALES, 1)
