from io import StringIO

import pytest
from rich.console import Console

from tidemark.core.hour import Hour
from tidemark.local.figures import Figures, HourFigures
from tidemark.local.report import report
from tidemark.local.verdict import Sent, Verdict
from tidemark.simulator.message import SaleKey

TEN = Hour.parse("2026-11-20T10")
YES = Verdict(received=1500, in_warehouse=1500, in_gaps=7)
SALE = SaleKey("base", "0xabc", "0xc0ffee", "42", "")


def printed(verdict: Verdict) -> str:
    console = Console(width=120, file=StringIO())
    hour = HourFigures(TEN, sent=4000, sent_sales=400, collectors=(), loaded=None, quality=None)
    with console.capture() as capture:
        console.print(report(Figures([hour], []), verdict))
    return capture.get()


def test_the_page_has_its_three_tables() -> None:
    text = printed(YES)
    titles = ("From the stream to the warehouse", "Gaps: moments without a proven subscription", "Top collections")
    assert [title for title in titles if title in text] == list(titles)


def test_yes_is_the_last_word() -> None:
    text = printed(YES)
    assert "1,500 different sales were received, 1,500 are in the warehouse." in text
    assert text.rstrip().endswith("Every sale that any collector received is in the warehouse exactly once: yes")


def test_what_repair_added_is_told_apart() -> None:
    assert "1,503 are in the warehouse, 3 of them by repair." in printed(Verdict(1500, 1503, 7))


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (Verdict(0, 0, 0), "nothing to judge"),
        (Verdict(9, 8, 0, missing=(SALE,)), "1 received, but not in the warehouse"),
        (Verdict(9, 9, 0, doubled=(SALE,) * 7), "7 in the warehouse more than once"),
        (Verdict(9, 9, 0, invented=(SALE,)), "1 in the warehouse, but never sold"),
        (
            Verdict(9, 9, 0, unexplained=(("collector-b", Sent(TEN.start, "00ff")),)),
            "sent to collector-b at 10:00:00.000000, not kept, and no gap says why: 00ff",
        ),
        (Verdict(9, 9, 0, foreign=1200), "1,200 archived messages were never sent"),
    ],
)
def test_no_says_why_with_a_few_examples(verdict: Verdict, said: str) -> None:
    text = printed(verdict)
    assert "exactly once: no" in text
    assert said in text
    assert text.count("base/0xc0ffee/42 in 0xabc") <= 5
