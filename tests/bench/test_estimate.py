"""The estimate of the benchmark is the warehouse's, and its simulation is right about what both missed."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from bench.estimate import LOSSES, PAGE, SALES, Losses, capture, held, interval, observed
from tests.sql.market import at, load, sale

HOUR = at("20T10:00")
SEEN_BY = {"first": ("a",), "second": ("b",), "both": ("a", "b")}


def in_the_warehouse(connection: Connection, samples: list[str]) -> tuple[float, ...]:
    """Write sales in this order, each seen by one sample or both, and return the estimate and its interval."""
    times = [HOUR + timedelta(seconds=3500 * place / len(samples)) for place in range(len(samples))]
    rows = [
        sale(
            "20T10:00", f"cats/{place}", "0xs", "0xb", "1", seen_by=SEEN_BY[sample], received_at=time, source_hour=HOUR
        )
        for place, (sample, time) in enumerate(zip(samples, times, strict=True))
    ]
    load(connection, HOUR, rows, [(collector, HOUR, HOUR + timedelta(hours=1)) for collector in ("a", "b")])
    connection.commit()
    found = connection.execute(text("SELECT missed_estimate, missed_low, missed_high FROM mart.hour_quality")).one()
    connection.commit()
    return tuple(float(each) for each in found)


@pytest.mark.parametrize("seed", range(8))
def test_the_warehouse_estimates_as_the_benchmark_does(connection: Connection, seed: int) -> None:
    random = Random(seed)
    samples: list[str] = []
    while len(samples) < 300:
        sample = random.choices(["both", "first", "second"], [6, 2, 2])[0]
        samples += [sample] * random.choice([1, 1, 2, 3, 4, 9])
    estimate, low, high = interval(capture((sample, 1) for sample in samples))
    assert in_the_warehouse(connection, samples) == (pytest.approx(estimate, abs=0.006), low, high)


@given(st.lists(st.sampled_from(["both", "first", "second"]), max_size=40), st.randoms(use_true_random=False))
def test_how_sales_are_counted_together_changes_nothing(samples: list[str], random: Random) -> None:
    singly = capture((sample, 1) for sample in samples)
    grouped: list[tuple[str, int]] = []
    for sample in samples:
        if grouped and grouped[-1][0] == sample and random.random() < 0.5:
            grouped[-1] = (sample, grouped[-1][1] + 1)
        else:
            grouped.append((sample, 1))
    assert capture(grouped) == singly


spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda edges: (min(edges), max(edges))), max_size=4
)


@given(spans, spans)
def test_what_both_missed_outside_every_silence(by_one: list[tuple[int, int]], by_other: list[tuple[int, int]]) -> None:
    """Counted sale by sale: a missed one counts unless those around it, up to what both observed, are a silence."""
    lost = [{place for start, end in each for place in range(start, end)} for each in (by_one, by_other)]
    missed = 0
    for place in lost[0] & lost[1]:
        around = [place]
        for step in (-1, 1):
            beside = place + step
            while 0 <= beside < 30 and (beside in lost[0] or beside in lost[1]):
                around.append(beside)
                beside += step
        missed += sum(each not in lost[0] or each not in lost[1] for each in around) < 4
    assert observed(30, (by_one, by_other))[1] == missed


def test_losses_take_their_share() -> None:
    for name, losses in LOSSES.items():
        random, times = Random(name), [second * 3.6 for second in range(1000)]
        lost = [{each for start, end in losses.of(random, times) for each in range(start, end)} for _ in range(400)]
        share = float(name.split(" ")[0]) / 100
        assert sum(map(len, lost)) / 400 / 1000 == pytest.approx(share, rel=0.25), name


def test_the_interval_holds_the_truth_in_a_small_trial() -> None:
    assert min(held(Random(1), 60, 200).values()) > 0.9


def test_no_losses_are_estimated_as_none() -> None:
    assert Losses().of(Random(1), [1.0, 2.0]) == []
    assert interval(observed(1000, ([], []))[0]) == (0, 0, 0)


def test_the_page_has_the_whole_table() -> None:
    page = PAGE.read_text()
    assert all(f"| {name} |" in page for name in LOSSES)
    assert " | ".join(f"{sales:,}" for sales in SALES) in page
