from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from archive.hour import LENGTH, Hour
from archive.manifest import Gap, Interval, Manifest, Segment
from local.figures import CollectorHour, Figures, HourFigures, LoadedHour, TopCollection
from local.report import report
from local.verdict import Sent, Verdict
from simulator.message import SaleKey

TEN = Hour.parse("2026-11-20T10")
ELEVEN = TEN.next()
YES = Verdict(received=1500, in_warehouse=1500, in_gaps=7)
SALE = SaleKey("base", "0xabc", "0xc0ffee", "42", "")
DIED = Gap("collection:*", TEN.start + timedelta(minutes=3), TEN.start + timedelta(minutes=9), "process_died")


def collected(name: str, records: int, *gaps: Gap) -> CollectorHour:
    missed = sum((gap.end - gap.start for gap in gaps), timedelta())
    return CollectorHour(name, records, records // 10, 1, records * 100, LENGTH - missed, gaps)


def hour(at: Hour, *collectors: CollectorHour, loaded: LoadedHour | None = None) -> HourFigures:
    return HourFigures(at, sent=4000, sent_sales=400, collectors=collectors, loaded=loaded)


def printed(*hours: HourFigures, verdict: Verdict = YES, collections: tuple[TopCollection, ...] = ()) -> str:
    console = Console(width=120, file=StringIO())
    with console.capture() as capture:
        console.print(report(Figures(hours, collections), verdict))
    return capture.get()


def row(text: str, name: str) -> list[str]:
    """The cells of the one line that begins with `name`."""
    (line,) = [line.strip() for line in text.splitlines() if line.strip().startswith(name)]
    return line.removeprefix(name).replace(" %", "%").split()


def test_each_hour_is_a_column_and_their_sum_the_last() -> None:
    loaded = LoadedHour(lines=7900, inserted=400, duplicates=390, quarantined=3)
    text = printed(
        hour(TEN, collected("collector-a", 4000), collected("collector-b", 3900), loaded=loaded),
        hour(ELEVEN, collected("collector-a", 4000), collected("collector-b", 4000), loaded=loaded),
    )
    assert row(text, "simulator: messages sent") == ["4,000", "4,000", "8,000"]
    assert row(text, "simulator: sales among them") == ["400", "400", "800"]
    assert row(text, "collector-b: received") == ["3,900", "4,000", "7,900"]
    assert row(text, "collector-b: sales") == ["390", "400", "790"]
    assert row(text, "S3: objects") == ["2", "2", "4"]
    assert row(text, "S3: bytes, compressed") == ["790,000", "800,000", "1,590,000"]
    assert row(text, "warehouse: lines read") == ["7,900", "7,900", "15,800"]
    assert row(text, "warehouse: sales loaded") == ["400", "400", "800"]
    assert row(text, "warehouse: known duplicates") == ["390", "390", "780"]
    assert row(text, "warehouse: quarantined") == ["3", "3", "6"]
    assert TEN.key in text
    assert ELEVEN.key in text


def test_an_hour_that_was_not_loaded_says_so_and_has_no_sum() -> None:
    loaded = LoadedHour(lines=4000, inserted=400, duplicates=0, quarantined=0)
    text = printed(hour(TEN, collected("collector-a", 4000), loaded=loaded), hour(ELEVEN))
    assert row(text, "warehouse: sales loaded") == ["400", "not", "loaded", "not", "loaded"]


def test_a_collector_without_a_manifest_received_nothing_and_covered_nothing() -> None:
    text = printed(hour(TEN, collected("collector-a", 4000)), hour(ELEVEN))
    assert row(text, "collector-a: received") == ["4,000", "0", "4,000"]
    assert row(text, "collector-a coverage") == ["100%", "0.00%", "50.00%"]


def test_a_gap_is_shown_with_its_length_and_reason_and_lowers_the_coverage() -> None:
    text = printed(hour(TEN, collected("collector-a", 4000), collected("collector-b", 3900, DIED)))
    assert row(text, "collector-b coverage") == ["90.00%", "90.00%"]
    assert "collector-b   2026-11-20 10:03:00   10:09:00       6.0   process died" in text


def test_coverage_that_is_not_whole_never_looks_whole() -> None:
    blink = Gap("collection:*", TEN.start, TEN.start + timedelta(milliseconds=1), "connection_lost")
    assert row(printed(hour(TEN, collected("collector-a", 1, blink))), "collector-a coverage") == ["99.99%", "99.99%"]


def test_no_gap_is_said_too() -> None:
    assert row(printed(hour(TEN, collected("collector-a", 4000))), "none") == []


def test_collections_show_their_volume_or_that_it_is_unknown() -> None:
    tops = (TopCollection("pudgypenguins", 1200, Decimal("1234.5678")), TopCollection("[red]odd[/red]", 3, None))
    text = printed(hour(TEN), collections=tops)
    assert row(text, "pudgypenguins") == ["1,200", "1,234.568"]
    assert row(text, "[red]odd[/red]") == ["3", "unknown"]


def test_yes_is_the_last_word() -> None:
    text = printed(hour(TEN))
    assert "1,500 different sales were received, 1,500 are in the warehouse." in text
    assert text.rstrip().endswith("Every sale that any collector received is in the warehouse exactly once: yes")


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict(0, 0, 0), "nothing to judge"),
        (Verdict(9, 8, 0, missing=(SALE,)), "1 received, but not in the warehouse"),
        (Verdict(9, 9, 0, doubled=(SALE,) * 7), "7 in the warehouse more than once"),
        (Verdict(9, 9, 0, invented=(SALE,)), "1 in the warehouse, but never sold"),
        (
            Verdict(9, 9, 0, unexplained=(("collector-b", Sent(DIED.start, "00ff")),)),
            "sent to collector-b at 10:03:00.000000, not kept, and no gap says why: 00ff",
        ),
        (Verdict(9, 9, 0, foreign=1200), "1,200 archived messages were never sent"),
    ],
)
def test_no_says_why_with_a_few_examples(verdict: Verdict, said: str) -> None:
    text = printed(hour(TEN), verdict=verdict)
    assert "exactly once: no" in text
    assert said in text
    assert text.count("base/0xc0ffee/42 in 0xabc") <= 5


def test_a_manifest_gives_a_collectors_figures() -> None:
    key = "events/date=2026-11-20/hour=10/collector=collector-a/20261120T10.0001.jsonl.zst"
    manifest = Manifest(
        hour=TEN.key,
        collector="collector-a",
        segments=(Segment(key, records=12, bytes=900, compressed_bytes=90, sha256="00"),),
        event_types={"item_sold": 2, "item_listed": 10},
        covered=(Interval("collection:*", TEN.start, DIED.start), Interval("collection:*", DIED.end, TEN.end)),
        gaps=(DIED,),
        software="test",
        written_at=TEN.end,
    )
    assert CollectorHour.of(manifest) == CollectorHour("collector-a", 12, 2, 1, 90, timedelta(minutes=54), (DIED,))
