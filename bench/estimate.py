"""How often the 95 % interval of `missed_estimate` holds what both collectors really missed.

Hours are made up in which two collectors lose sales, one by one, in bursts in which a collector receives nothing for a
while, or both. What a collector loses has nothing to do with what the other does. `capture` and `interval` are the
definition that `sql/marts/refresh_4_hour_quality.sql` has in SQL; `tests/bench/test_estimate.py` compares them. The
truth is what both missed at times at which both were taken to have recorded: outside every silence.

`BENCH_SEED` and `BENCH_HOURS` change the seed and the hours of a cell. The table goes into docs/coverage.md.
"""

import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from math import ceil, exp, log, sqrt
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench import results

RUN = 4
SECONDS = 3600.0
SALES = (60, 200, 1_000, 5_000, 20_000)
PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
_TABLE = re.compile(r"(?<=<!-- bench estimate -->\n).*?(?=<!-- end -->)", re.DOTALL)


class Captured(NamedTuple):
    """What two samples observed of an hour, outside its silences, and the silences."""

    first: int
    second: int
    both: int
    run_length: float
    coincidences: float
    silence_length: float


def capture(samples: Iterable[tuple[str, int]]) -> Captured:
    """Sort sales into silences and the rest.

    `samples` are `first`, `second` or `both`, in the order of the sales, each with a number of successive sales. Four
    or more in a row that one sample alone observed, whichever, are a silence.
    """
    counts = {"first": 0, "second": 0, "both": 0}
    squares, silences = 0, list[tuple[int, bool]]()
    for is_both, group in groupby(samples, lambda each: each[0] == "both"):
        run = Counter[str]()
        for sample, sales in group:
            run[sample] += sales
        length = run.total()
        if not is_both and length >= RUN:
            silences.append((length, 2 * run["first"] > length))
            continue
        squares += 0 if is_both else length * length
        for sample, sales in run.items():
            counts[sample] += sales
    single = counts["first"] + counts["second"]
    silent_sales, of_second = sum(length for length, _ in silences), sum(second for _, second in silences)
    everything = single + counts["both"] + silent_sales
    return Captured(
        **counts,
        run_length=squares / single if single else 1.0,
        coincidences=RUN * of_second * (len(silences) - of_second) / everything if everything else 0.0,
        silence_length=silent_sales / max(len(silences), 1),
    )


def interval(captured: Captured) -> tuple[float, int, int]:
    """Return the estimate of the sales that both samples missed, and the ends of its 95 % interval."""
    length, coincidences = captured.run_length, captured.coincidences
    first, second, both = (each / length + 0.5 for each in captured[:3])
    centre = first * second / both
    factor = exp(1.96 * sqrt(1 / first + 1 / second + 1 / both))
    low, high = centre / factor, centre * factor
    hidden = 0 if coincidences < 0.025 else ceil(coincidences + 1.96 * sqrt(coincidences))
    return (
        captured.first * captured.second / (captured.both + 1),
        round(length * max(low - 1.96 * sqrt(low), 0.0)),
        round(length * (high + 1.96 * sqrt(high)) + hidden * captured.silence_length),
    )


@dataclass(frozen=True)
class Losses:
    """How one collector loses sales: a share of them one by one, and bursts by length in seconds and number an hour."""

    share: float = 0.0
    bursts: tuple[tuple[float, float], ...] = ()

    def of(self, random: Random, times: list[float]) -> list[tuple[int, int]]:
        """Return which of the sales at these times are lost in an hour, as ranges of their places."""
        lost = [(place, place + 1) for place in self._singles(random, len(times))]
        for length, number in self.bursts:
            for start in _arrivals(random, number / SECONDS, -length):
                ranges = bisect_left(times, start), bisect_left(times, start + length)
                lost.append(ranges)
        return lost

    def _singles(self, random: Random, sales: int) -> Iterator[int]:
        place = -1
        while self.share and (place := place + 1 + int(log(1 - random.random()) / log(1 - self.share))) < sales:
            yield place


def _arrivals(random: Random, rate: float, start: float) -> Iterator[float]:
    at = start
    while (at := at + random.expovariate(rate)) < SECONDS:
        yield at


def _losses(share: float) -> Iterator[tuple[str, Losses]]:
    """Yield every kind of losses that takes this share of the sales."""
    lost = share * SECONDS
    yield "one by one", Losses(share)
    for length in (10, 60, 300):
        yield f"bursts of {length} s", Losses(bursts=((length, lost / length),))
    mixed = tuple((length, 0.75 / 3 * lost / length) for length in (10, 60, 300))
    yield "mixed", Losses(share / 4, mixed)


LOSSES = {f"{100 * share:.0f} %, {name}": each for share in (0.01, 0.02, 0.05) for name, each in _losses(share)}


def observed(sales: int, lost: tuple[list[tuple[int, int]], list[tuple[int, int]]]) -> tuple[Captured, int]:
    """Return what two collectors observed of an hour, and how many sales both missed outside every silence."""
    seen: list[tuple[str, int]] = []
    missed = 0
    pieces = (
        (_SAMPLES[by_one > 0, by_other > 0], end - start) for start, end, (by_one, by_other) in _pieces(sales, lost)
    )
    for is_both, group in groupby(pieces, lambda each: each[0] == "both"):
        listed = list(group)
        visible = [each for each in listed if each[0] != "neither"]
        seen += visible
        if not is_both and sum(number for _, number in visible) < RUN:
            missed += sum(number for sample, number in listed if sample == "neither")
    return capture(seen), missed


_SAMPLES = {(False, False): "both", (False, True): "first", (True, False): "second", (True, True): "neither"}


def _pieces(
    sales: int, lost: tuple[list[tuple[int, int]], list[tuple[int, int]]]
) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Cut the sales where one of the collectors begins or ends to lose them."""
    changes = [
        (edge, who, step)
        for who, ranges in enumerate(lost)
        for edges in ranges
        for edge, step in zip(edges, (1, -1), strict=True)
    ]
    depth, at = [0, 0], 0
    for edge, who, step in sorted(changes):
        if edge > at:
            yield at, edge, (depth[0], depth[1])
            at = edge
        depth[who] += step
    if at < sales:
        yield at, sales, (depth[0], depth[1])


def held(random: Random, hours: int, sales: int) -> dict[str, float]:
    """Return, for each kind of losses, the share of hours whose interval holds the truth."""
    right = dict.fromkeys(LOSSES, 0)
    for _ in range(hours):
        times = sorted(random.uniform(0, SECONDS) for _ in range(sales))
        for name, losses in LOSSES.items():
            captured, missed = observed(sales, (losses.of(random, times), losses.of(random, times)))
            _, low, high = interval(captured)
            right[name] += low <= missed <= high
    return {name: number / hours for name, number in right.items()}


def main() -> None:
    seed, hours = int(os.environ.get("BENCH_SEED", "23")), int(os.environ.get("BENCH_HOURS", "2000"))
    print(f"seed {seed} (BENCH_SEED), {hours} hours for each cell (BENCH_HOURS)")
    columns = {sales: held(Random(f"{seed} {sales}"), hours, sales) for sales in SALES}
    lines = [
        "| losses of each collector | " + " | ".join(f"{sales:,}" for sales in SALES) + " |",
        "|---|" + "---|" * len(SALES),
        *(
            f"| {name} | " + " | ".join(f"{columns[sales][name]:.1%}".replace("%", " %") for sales in SALES) + " |"
            for name in LOSSES
        ),
    ]
    table = "\n".join(lines) + "\n"
    print(table)
    PAGE.write_text(_TABLE.sub(lambda _: table, PAGE.read_text()))
    results.record(estimate_holds_worst=min(min(column.values()) for column in columns.values()))


if __name__ == "__main__":
    main()
