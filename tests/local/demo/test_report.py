from io import StringIO

import pytest
from rich.console import Console

from tidemark.core.hour import Hour
from tidemark.local.demo.reconciliation import Reconciliation, Sent
from tidemark.local.demo.report import report
from tidemark.local.figures import Figures, HourFigures
from tidemark.simulator.message import SaleKey

TEN = Hour.parse("2026-11-20T10")
YES = Reconciliation(received=1500, in_warehouse=1500, in_gaps=7)
SALE = SaleKey("base", "0xabc", "0xc0ffee", "42", "")


def printed(result: Reconciliation) -> str:
    console = Console(width=120, file=StringIO())
    hour = HourFigures(TEN, sent=4000, sent_sales=400, collectors=(), loaded=None, quality=None)
    with console.capture() as capture:
        console.print(report(Figures([hour], []), result))
    return capture.get()


def test_the_page_has_its_three_tables() -> None:
    text = printed(YES)
    titles = ("From the stream to the warehouse", "Gaps: times without a proven subscription", "Top collections")
    assert [title for title in titles if title in text] == list(titles)


def test_the_answer_comes_last() -> None:
    text = printed(YES)
    assert "1,500 different sales were received, 1,500 are in the warehouse." in text
    assert text.rstrip().endswith("Every sale that any collector received is in the warehouse exactly once: yes")


def test_sales_added_by_repair_are_counted_apart() -> None:
    assert "1,503 are in the warehouse, 3 of them from the Events API." in printed(Reconciliation(1500, 1503, 7))


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
    text = printed(result)
    assert "exactly once: no" in text
    assert said in text
    assert text.count("base/0xc0ffee/42 in 0xabc") <= 5
