"""Whatever is loaded in whatever order, coverage and gaps are those of an oracle with the rule of docs/coverage.md."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from sqlalchemy import Connection, text

from tests.sql.recorded import HOUR, START, TABLES, Recorded, Row, Sold, Warehouse, hour_of, minute, topics_of
from tests.support.orders import in_drawn_orders
from tidemark.core.spans import union

STAR = "collection:*"
SEEDS = 16
US = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOURS = [START + number * HOUR for number in range(3)]
COLLECTORS = ("a", "b", "c")
Span = tuple[datetime, datetime]


# The oracle: sale by sale and minute by minute, without ranges or windows


class Oracle:
    """Knows every manifest and every sale, and decides about each claim by itself."""

    def __init__(self, manifests: list[Recorded], sales: list[Sold]) -> None:
        self.manifests = {(each.collector, each.hour): each for each in manifests}
        self.sales = [self._loaded(each) for each in sales]
        self.sales = [each for each in self.sales if each.received and not each.replayed]

    def _loaded(self, sold: Sold) -> Sold:
        received = {name: at for name, at in sold.received.items() if (name, hour_of(at)) in self.manifests}
        return Sold(sold.number, sold.slug, received, sold.topics, sold.replayed)

    def rows(self) -> tuple[set[Row], set[Row]]:
        covered, gaps = set[Row](), set[Row]()
        for (name, hour), manifest in self.manifests.items():
            for topic in {*manifest.covered, *manifest.gaps}:
                silences = list(self._silences(name, topic, hour))
                edges = {hour, hour + HOUR}
                for spans in (manifest.covered.get(topic, ()), manifest.gaps.get(topic, ()), silences):
                    edges |= {min(max(at, hour), hour + HOUR) for span in spans for at in span}
                kinds: list[tuple[datetime, datetime, str]] = []
                for start, end in pairwise(sorted(edges)):
                    kind = self._kind(manifest, topic, start, silences)
                    if kinds and kinds[-1][2] == kind and kinds[-1][1] == start:
                        kinds[-1] = (kinds[-1][0], end, kind)
                    else:
                        kinds.append((start, end, kind))
                for start, end, kind in kinds:
                    (gaps if kind else covered).add((name, topic, start, end, kind))
        return covered, gaps

    def _kind(self, manifest: Recorded, topic: str, at: datetime, silences: list[Span]) -> str:
        if any(start <= at < end for start, end in manifest.covered.get(topic, ())):
            return "silent" if any(start <= at < end for start, end in silences) else ""
        known = any(start <= at < end for start, end in manifest.gaps.get(topic, ()))
        return "not_running" if known else "unaccounted"

    def _silences(self, name: str, topic: str, hour: datetime) -> Iterator[Span]:
        yield from self._compared(name, topic, [hour], (hour, hour + HOUR), 2 * MINUTE)
        for boundary in (hour, hour + HOUR):
            around = (boundary - 10 * MINUTE, boundary + 10 * MINUTE)
            yield from self._compared(name, topic, [boundary - HOUR, boundary], around, 0 * MINUTE)

    def _compared(
        self, name: str, topic: str, hours: list[datetime], around: Span, unsure: timedelta
    ) -> Iterator[Span]:
        if not self._recorded(name, topic, hours):
            return
        judged = (around[0] + unsure, around[1] - unsure)
        others = {each for each, _ in self.manifests if each != name}
        for common in {STAR, *(f"collection:{sold.slug}" for sold in self.sales), topic}:
            if topic not in (STAR, common):
                continue
            by_whom = [common] if topic == STAR else [common, STAR]
            if any(self._recorded(other, each, hours) for other in others for each in by_whom):
                yield from self._by_sales(name, topic, common, hours, around, judged)
        if any(self._recorded(other, topic, hours) for other in others):
            rivals = [other for other in others if self._recorded(other, topic, hours)]
            yield from self._by_minutes(name, topic, rivals, around, judged)

    def _recorded(self, name: str, topic: str, hours: list[datetime]) -> bool:
        listed = [self.manifests.get((name, hour)) for hour in hours]
        return all(each is not None and topic in {*each.covered, *each.gaps} for each in listed)

    def _claims(self, name: str, topic: str, start: datetime, end: datetime) -> bool:
        manifest = self.manifests.get((name, hour_of(start)))
        spans = union(manifest.covered.get(topic, ())) if manifest else []
        return any(one <= start and end <= other for one, other in spans)

    def _by_sales(
        self, name: str, topic: str, common: str, hours: list[datetime], around: Span, judged: Span
    ) -> Iterator[Span]:
        sequence = []
        for sold in self.sales:
            received = {who: at for who, at in sold.received.items() if hour_of(at) in hours}
            belongs = common in (STAR, f"collection:{sold.slug}") and sold.hour in hours
            if belongs and received and around[0] <= min(received.values()) < around[1]:
                sequence.append((min(received.values()), sold.number, received.get(name)))
        sequence.sort(key=lambda each: each[:2])
        missed = [
            own is None and judged[0] <= at < judged[1] and self._claims(name, topic, at, at + US)
            for at, _, own in sequence
        ]
        place = 0
        while place < len(sequence):
            last = place
            while last < len(sequence) and missed[last]:
                last += 1
            if last - place >= 4:
                start = sequence[place - 1][0] + US if place else around[0]
                end = around[1] if last == len(sequence) else sequence[last][2] or sequence[last][0]
                yield start, end
            place = last + 1

    def _by_minutes(self, name: str, topic: str, rivals: list[str], around: Span, judged: Span) -> Iterator[Span]:
        minutes = [around[0] + number * MINUTE for number in range((around[1] - around[0]) // MINUTE)]
        minutes = [at for at in minutes if judged[0] <= at < judged[1]]
        runs: list[list[datetime]] = [[]]
        for at in minutes:
            if self._claims(name, topic, at, at + MINUTE) and not self._messages(name, topic, at)[0]:
                runs[-1].append(at)
            elif runs[-1]:
                runs.append([])
        for run in runs:
            sold = [max(self._messages(rival, topic, at)[1] for rival in rivals) for at in run[1:-1]]
            if sum(sold) >= 4:
                yield run[0] - MINUTE, run[-1] + 2 * MINUTE

    def _messages(self, name: str, topic: str, at: datetime) -> tuple[int, int]:
        manifest = self.manifests.get((name, hour_of(at)))
        if manifest is None:
            return 0, 0
        sales = sum(
            name in sold.received and at <= sold.received[name] < at + MINUTE and topic in topics_of(sold, manifest)
            for sold in self.everything
        )
        other = topic in manifest.covered and at.minute not in manifest.quiet.get(topic, ())
        return sales + other, sales

    everything: list[Sold]


# Worlds


def manifest(random: Random, name: str, hour: datetime, topics: list[str], deaf: int) -> Recorded:
    covered: dict[str, list[Span]] = {}
    gaps: dict[str, list[Span]] = {}
    quiet: dict[str, range] = {}
    for topic in topics:
        cuts = {hour, hour + 17 * MINUTE, hour + 17.5 * MINUTE, hour + HOUR}
        cuts |= {hour + random.randrange(1, 3599) * MINUTE / 60 for _ in range(random.choice([0, 0, 0, 1, 2]))}
        for span in pairwise(sorted(cuts)):
            fate = random.choices(["covered", "gap", "nothing"], [12, 1, 1])[0]
            fate = (
                "gap" if hour + 17 * MINUTE <= span[0] < hour + 17.5 * MINUTE else fate
            )  # so that each topic is named
            if fate != "nothing":
                (covered if fate == "covered" else gaps).setdefault(topic, []).append(span)
        if random.random() < 0.7:
            start = deaf - (hour - START) // MINUTE
            quiet[topic] = range(max(start, 0), min(max(start + 12, 0), 60))
    return Recorded(name, hour, covered, gaps, quiet)


def world(random: Random) -> tuple[list[Recorded], list[Sold]]:
    names = COLLECTORS[: random.choice([2, 2, 3])]
    topics = {
        name: random.choice([[STAR], [STAR], [STAR, "collection:cats"], ["collection:cats", "collection:dogs"]])
        for name in names
    }
    # each is deaf for twelve minutes, some across an hour's boundary
    deaf = dict(zip(names, random.sample([random.randrange(0, 165), 53, 115], len(names)), strict=True))
    manifests = [
        manifest(random, name, hour, topics[name], deaf[name])
        for name in names
        for hour in HOURS
        if random.random() < 0.95
    ]
    sales = []
    for number in range(random.choice([60, 120, 180])):
        at = minute(random.choice([random.uniform(0, 180), random.uniform(55, 65), random.gauss(90, 3) % 180]))
        slug = random.choice(["cats", "cats", "dogs"])
        received, by = {}, {}
        for name in names:
            wanted = [topic for topic in topics[name] if topic in (STAR, f"collection:{slug}")]
            if not wanted or random.random() < 0.05 or minute(deaf[name]) <= at < minute(deaf[name] + 12):
                continue
            received[name] = at + timedelta(seconds=random.choice([0.1, 0.5, 3, 40]))
            by[name] = tuple(random.sample(wanted, random.randint(1, len(wanted))))
        if received:
            sales.append(Sold(number + 1, slug, received, by, replayed=random.random() < 0.05))
    return manifests, sales


def merged(rows: set[Row]) -> set[Row]:
    """Join gaps of one reason that touch; a manifest may cut them as it likes."""
    joined: list[Row] = []
    for name, topic, start, end, reason in sorted(rows):
        if (
            joined
            and (*joined[-1][:2], joined[-1][3], joined[-1][4]) == (name, topic, start, reason)
            and hour_of(start) != start
        ):
            joined[-1] = (name, topic, joined[-1][2], end, reason)
        else:
            joined.append((name, topic, start, end, reason))
    return set(joined)


@in_drawn_orders(2)
def test_every_order_of_loading_ends_as_the_oracle_says(connection: Connection, seed: int) -> None:
    random = Random(seed)
    manifests, sales = world(random)
    manifests = [each for each in manifests if each.covered or each.gaps]
    oracle = Oracle(manifests, sales)
    oracle.everything = sales
    expected = oracle.rows()
    for _ in range(2):
        connection.execute(text(f"TRUNCATE {TABLES} CASCADE"))
        connection.commit()
        warehouse = Warehouse(connection, sales)
        loads = [[each] for each in manifests]
        loads += [[each for each in manifests if each.hour == hour] for hour in random.sample(HOURS, 2)]
        random.shuffle(loads)
        for load in loads:
            if load:
                warehouse.load(*random.sample(load, len(load)))
        covered, gaps = warehouse.rows()
        assert merged(gaps) == expected[1]
        assert covered == expected[0]


def test_the_worlds_have_silences_of_every_kind() -> None:
    """Else the test above would hold of nothing."""
    found = {"silent": 0, "unaccounted": 0, "not_running": 0}
    crossing = 0
    for seed in range(SEEDS):
        manifests, sales = world(Random(seed))
        oracle = Oracle([each for each in manifests if each.covered or each.gaps], sales)
        oracle.everything = sales
        silent = [row for row in oracle.rows()[1] if row[4] == "silent"]
        for row in oracle.rows()[1]:
            found[row[4]] += 1
        ends = {(name, topic, end) for name, topic, _, end, _ in silent}
        crossing += sum((name, topic, start) in ends for name, topic, start, _, _ in silent)
    assert min(found.values()) > 25
    assert crossing > 5
