from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from tidemark.archive.manifest import Gap, Interval
from tidemark.core.hour import LENGTH, Hour
from tidemark.local.demo.reconciliation import Reconciliation, Sent
from tidemark.local.demo.report import collections, gaps, hours, report
from tidemark.local.figures import CollectorHour, Figures, HourFigures, HourQuality, LoadedHour, TopCollection
from tidemark.simulator.message import SaleKey

TEN = Hour.parse("2026-11-20T10")
YES = Reconciliation(received=1500, in_warehouse=1500, in_gaps=7)
SALE = SaleKey("base", "0xabc", "0xc0ffee", "42", "")


def printed(what: RenderableType, width: int = 120) -> str:
    console = Console(width=width, file=StringIO())
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def page(result: Reconciliation) -> str:
    empty = HourFigures(TEN, sent=4000, sent_sales=400, collectors=(), loaded=None, quality=None)
    return printed(report(Figures([empty], []), result))


def test_the_page_has_its_three_tables() -> None:
    text = page(YES)
    titles = ("From the stream to the warehouse", "Gaps: times without a proven subscription", "Top collections")
    assert [title for title in titles if title in text] == list(titles)


def test_the_answer_comes_last() -> None:
    text = page(YES)
    assert "1,500 different sales were received, 1,500 are in the warehouse." in text
    assert text.rstrip().endswith("Every sale that any collector received is in the warehouse exactly once: yes")


def test_sales_added_by_repair_are_counted_apart() -> None:
    assert "1,503 are in the warehouse, 3 of them from the Events API." in page(Reconciliation(1500, 1503, 7))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Reconciliation(0, 0, 0), "nothing to compare"),
        (Reconciliation(9, 8, 0, missing=(SALE,)), "1 received, but not in the warehouse"),
        (Reconciliation(9, 9, 0, duplicated=(SALE,) * 7), "7 in the warehouse more than once"),
        (Reconciliation(9, 9, 0, never_sold=(SALE,)), "1 in the warehouse, but never sold"),
        (
            Reconciliation(9, 9, 0, unexplained=(("collector-b", Sent(TEN.start, "00ff")),)),
            "sent to collector-b at 10:00:00.000000, not archived, and not in a gap: 00ff",
        ),
        (Reconciliation(9, 9, 0, never_sent=1200), "1,200 archived messages were not sent"),
    ],
)
def test_a_no_lists_a_few_examples_of_each_difference(result: Reconciliation, said: str) -> None:
    text = page(result)
    assert "exactly once: no" in text
    assert said in text
    assert text.count("base/0xc0ffee/42 in 0xabc") <= 5


TEN = Hour.parse("2026-11-20T10")
ELEVEN = TEN.next()
TOPIC = "collection:*"
DIED = Gap(TOPIC, TEN.start + timedelta(minutes=3), TEN.start + timedelta(minutes=9), "process_died")
LOADED = LoadedHour(lines=7900, inserted=400, replaced=1, duplicates=389, quarantined=3)
QUALITY = HourQuality(
    covered=LENGTH,
    covered_twice=LENGTH / 2,
    repaired=timedelta(),
    missed=Decimal("0.25"),
    missed_low=Decimal(0),
    missed_high=Decimal("2.5"),
    recovered=4,
    api_unseen=3,
    loss=Decimal("0.02"),
    loss_low=Decimal("0.001"),
    loss_high=Decimal("0.05"),
)


def collected(name: str, records: int, *missed: Gap, covered: tuple[Interval, ...] = ()) -> CollectorHour:
    whole = LENGTH - sum((gap.end - gap.start for gap in missed), timedelta())
    return CollectorHour(name, records, records // 10, 1, records * 100, whole, missed, covered)


def hour(
    at: Hour, *collectors: CollectorHour, loaded: LoadedHour | None = None, quality: HourQuality | None = None
) -> HourFigures:
    return HourFigures(at, sent=4000, sent_sales=400, collectors=collectors, loaded=loaded, quality=quality)


def of_hours(*each: HourFigures) -> str:
    return printed(hours(Figures(each, [])))


def row(text: str, name: str) -> list[str]:
    """The cells of the one line that begins with `name`."""
    (line,) = [line.strip() for line in text.splitlines() if line.strip().startswith(name)]
    return line.removeprefix(name).replace(" %", "%").split()


def test_each_hour_is_a_column_and_their_sum_the_last() -> None:
    text = of_hours(
        hour(TEN, collected("collector-a", 4000), collected("collector-b", 3900), loaded=LOADED),
        hour(ELEVEN, collected("collector-a", 4000), collected("collector-b", 4000), loaded=LOADED),
    )
    assert TEN.key in text
    assert ELEVEN.key in text
    expected = {
        "simulator: messages": ["4,000", "4,000", "8,000"],
        "simulator: sales": ["400", "400", "800"],
        "collector-b: received": ["3,900", "4,000", "7,900"],
        "collector-b: sales": ["390", "400", "790"],
        "S3: objects": ["2", "2", "4"],
        "S3: bytes, compressed": ["790,000", "800,000", "1,590,000"],
        "loaded: lines read": ["7,900", "7,900", "15,800"],
        "loaded: new sales": ["400", "400", "800"],
        "loaded: corrected": ["1", "1", "2"],
        "loaded: duplicates": ["389", "389", "778"],
        "loaded: quarantined": ["3", "3", "6"],
    }
    assert {name: row(text, name) for name in expected} == expected


def test_quality_is_shown_as_shares_of_the_hour_and_an_estimate_with_its_interval() -> None:
    text = of_hours(hour(TEN, quality=QUALITY), hour(ELEVEN, quality=QUALITY))
    assert row(text, "covered by a collector") == ["100%", "100%", "100%"]
    assert row(text, "covered by both") == ["50.00%", "50.00%", "50.00%"]
    assert row(text, "filled by repair") == ["0.00%", "0.00%", "0.00%"]
    assert row(text, "missed by both, about") == ["0.2", "(0.0-2.5)"] * 2
    assert row(text, "not sent, by audit") == ["3", "(0.1-5.0%)"] * 2
    assert row(text, "recovered from API") == ["4", "4", "8"]


@pytest.mark.parametrize("name", ["loaded: new sales", "covered by both", "recovered from API"])
def test_an_hour_that_was_not_loaded_says_so_and_has_no_sum(name: str) -> None:
    text = of_hours(hour(TEN, loaded=LOADED, quality=QUALITY), hour(ELEVEN))
    assert row(text, name)[1:] == ["not", "loaded", "not", "loaded"]


def test_a_collector_without_a_manifest_received_nothing_and_covered_nothing() -> None:
    text = of_hours(hour(TEN, collected("collector-a", 4000)), hour(ELEVEN))
    assert row(text, "collector-a: received") == ["4,000", "0", "4,000"]
    assert row(text, "covered by collector-a") == ["100%", "0.00%", "50.00%"]


def test_a_run_of_repairs_is_no_collector_but_its_objects_count() -> None:
    text = of_hours(hour(TEN, collected("collector-a", 4000), collected("events-api-1", 10)))
    assert "events-api-1" not in text
    assert row(text, "S3: objects") == ["2", "2"]


def test_coverage_that_is_not_whole_never_looks_whole() -> None:
    blink = Gap(TOPIC, TEN.start, TEN.start + timedelta(milliseconds=1), "connection_lost")
    assert row(of_hours(hour(TEN, collected("collector-a", 1, blink))), "covered by collector-a") == ["99.99%"] * 2


WHOLE = (Interval(TOPIC, TEN.start, TEN.end),)
HALF = (Interval(TOPIC, TEN.start, TEN.start + timedelta(minutes=5)),)
REST = (Interval(TOPIC, TEN.start + timedelta(minutes=5), TEN.end),)


@pytest.mark.parametrize(
    ("others", "filled"),
    [
        ([collected("collector-b", 0, covered=WHOLE)], "other collector"),
        ([collected("collector-b", 0, covered=HALF)], "nothing"),
        ([collected("collector-b", 0, covered=HALF), collected("events-api-1", 0, covered=REST)], "repair"),
        ([collected("events-api-1", 0, covered=WHOLE)], "repair"),
        ([], "nothing"),
    ],
)
def test_a_gap_is_shown_with_its_length_its_reason_and_what_fills_it(others: list[CollectorHour], filled: str) -> None:
    text = printed(gaps(Figures([hour(TEN, collected("collector-a", 3900, DIED), *others)], [])))
    assert row(text, "collector-a") == ["11-20", "10:03:00", "10:09:00", "6.0", "process", "died", *filled.split()]


def test_no_gap_is_said_too() -> None:
    assert row(printed(gaps(Figures([hour(TEN, collected("collector-a", 4000))], []))), "none") == []


def test_collections_show_their_volume_or_that_it_is_unknown() -> None:
    tops = [TopCollection("pudgypenguins", 1200, Decimal("1234.5678")), TopCollection("[red]odd[/red]", 3, None)]
    text = printed(collections(Figures([], tops)))
    assert row(text, "pudgypenguins") == ["1,200", "1,234.568"]
    assert row(text, "[red]odd[/red]") == ["3", "unknown"]


def test_three_hours_fit_a_terminal_of_80_columns() -> None:
    each = [hour(at, collected("collector-a", 100_000, DIED), loaded=LOADED, quality=QUALITY)
            for at in (TEN, ELEVEN, ELEVEN.next())]  # fmt: skip
    figures = Figures(each, [])
    console = Console(width=200, file=StringIO())
    with console.capture() as capture:
        console.print(hours(figures), gaps(figures))
    assert max(map(len, capture.get().splitlines())) <= 80


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_report_fits_a_terminal_and_cuts_no_number(width: int) -> None:
    gap = Gap(TOPIC, TEN.start, TEN.start + timedelta(minutes=59), "heartbeat_unanswered")
    each = [collected("collector-a", 1_119_000, gap), collected("collector-b", 1_120_000)]
    found = [hour(at, *each, loaded=LOADED, quality=QUALITY) for at in (TEN, ELEVEN, ELEVEN.next())]
    top = [TopCollection("a-collection-with-a-name-that-is-longer-than-most", 123_456, Decimal("12345678.9"))]
    text = printed(report(Figures(found, top), YES), width)
    assert max(map(len, text.splitlines())) <= width
    assert row(text, "collector-a: received") == ["1,119,000", "1,119,000", "1,119,000", "3,357,000"]
    assert {"12,345,678.900", "123,456", "59.0", "10:59:00"} <= set(text.split())
