"""What it costs to count the whole market while an hour is read, and how long an hour of it takes to load.

Reading: the same lines, decoded as far as a count of event types needs, and read with all counts of the market; side by
side on one core, in microseconds a line. Loading: an hour of the whole market (`*`) by two collectors, from packed
objects to the commit, with the processes of a load. `BENCH_MARKET_MESSAGES` is how many messages the market sends in
the hour (200,000; the real one sends 11,000,000), and `BENCH_MARKET_COLLECTIONS` in how many collections (20,000).
"""

import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, Union

import msgspec
import zstandard
from msgspec import Raw, Struct, defstruct
from pydantic import SecretStr
from sqlalchemy import Connection

from bench import results
from bench.server import warehouse
from bench.transform import HOUR, pieces
from tests.loader.contents import one
from tidemark.archive.manifest import Interval, Manifest, Segment
from tidemark.archive.names import ObjectKey, SegmentName
from tidemark.archive.record import record_line
from tidemark.archive.tally import Tally
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.transform.event import PAYLOADS, Whole
from tidemark.loader.transform.market import Market as Counts
from tidemark.loader.transform.read import scan
from tidemark.loader.transform.stream import ItemSold
from tidemark.loader.warehouse.load import Run, execute, load
from tidemark.simulator.market.market import Market
from tidemark.storage.postgres import connected

MESSAGES = int(os.environ.get("BENCH_MARKET_MESSAGES", "200000"))
COLLECTIONS = int(os.environ.get("BENCH_MARKET_COLLECTIONS", "20000"))
SEED = 1
READ = 40_000
TOGETHER = 125
ROUNDS = 9
SEGMENT = 256 << 20
TOPIC = "collection:*"


class Item(Struct, gc=False):
    """What an event's item has to be, for the bare decode."""

    chain: Whole | None = None
    metadata: Whole | None = None


class Token(Struct, gc=False):
    """What a payment token has to be."""

    address: Raw


class Bare(Struct, gc=False):
    """What shows that an event is whole, and nothing else."""

    collection: Whole | None
    item: Item | None = None
    maker: Whole | None = None
    order_hash: Raw = Raw(b"")
    payment_token: Token | None = None
    protocol_data: Whole | None = None


def main() -> None:
    reading()
    loading()


def reading() -> None:
    """Read the same lines with and without the counts of the market."""
    market = Market(SEED, sales_share=0.001)
    nows = (HOUR.start + timedelta(minutes=30, milliseconds=number) for number in range(READ))
    lines = [record_line(format_timestamp(now), TOPIC, market.next(now).body) for now in nows]
    chunks = [b"".join(lines[start : start + TOGETHER]) for start in range(0, READ, TOGETHER)]
    bare, counted = [], []
    for _ in range(ROUNDS):
        bare.append(timed(partial(read_bare, chunks)))
        counted.append(timed(partial(read_counted, chunks)))
    more = median(after - before for before, after in zip(bare, counted, strict=True))
    print(f"bare {median(bare):.2f} us, with counts {median(counted):.2f} us, {more:.2f} us a line more", flush=True)
    results.record(market_read_us=more, market_read_ratio=median(counted) / median(bare))


def timed(read: Any) -> float:
    """Return the processor's microseconds for each line."""
    began = time.process_time()
    read()
    return (time.process_time() - began) / READ * 1e6


def read_bare(chunks: list[bytes]) -> None:
    counts: Counter[type] = Counter()
    for chunk in chunks:
        lines = list(_bare.decode_lines(chunk))
        counts.update(list(map(type, map(_message, lines))))


def read_counted(chunks: list[bytes]) -> None:
    counts = Counts(HOUR.start)
    for chunk in chunks:
        scan([chunk], TOGETHER, counts)
    list(counts.parts())


def _event(name: str) -> type[Struct]:
    shape: Any = Bare | None
    return defstruct(name, [("payload", shape)], tag=name, tag_field="event_type", gc=False)


_message = attrgetter("message")
_bare: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    defstruct("_Bare", [("received_at", str), ("message", Union[(ItemSold, *map(_event, PAYLOADS))])], gc=False)
)


def loading() -> None:
    """Load an hour of the market that two collectors received."""
    with tempfile.TemporaryDirectory() as name, warehouse() as server:
        manifests = [written(Path(name), collector, lag) for collector, lag in (("a", 5), ("b", 90))]
        run = Run(hour=HOUR, manifests=manifests, fingerprint="bench", started_at=datetime.now(UTC), software="bench")
        began, steps = time.perf_counter(), Counter[str]()

        def log(what: str) -> None:
            print(f"{time.perf_counter() - began:7.1f} s {what}", flush=True)

        def timed_step(connection: Connection, step: Path, values: dict[str, Any]) -> None:
            started = time.perf_counter()
            execute(connection, step, values)
            steps[step.name] = round(1000 * (time.perf_counter() - started))
            log(f"{step.name}: {steps[step.name]:,} ms")

        with connected(SecretStr(server.url())) as connection:
            load(connection, run, partial(packed, Path(name)), log, run_step=timed_step)
            connection.commit()
        seconds = time.perf_counter() - began
        counted, rows = (one(server.url(), f"SELECT {what}") for what in (
            "sum(counted) FROM ops.market_count", "count(*) FROM mart.market_hourly",
        ))  # fmt: skip
    slowest = ", ".join(f"{step} {ms / 1000:.1f} s" for step, ms in steps.most_common(3))
    read = seconds - steps.total() / 1000
    print(
        f"{MESSAGES:,} messages by two collectors: {seconds:.1f} s, {counted:,} events in {rows:,} rows; "
        f"reading {read:.1f} s, {slowest}",
        flush=True,
    )
    results.record(market_load_s=seconds, market_load_messages=MESSAGES)


def packed(folder: Path, segment: Segment) -> Iterator[bytes]:
    """Yield an object's bytes."""
    return iter(pieces(file_of(folder, segment.key)))


def written(folder: Path, collector: str, lag_ms: int) -> Manifest:
    """Write the objects of a collector, which receives each message so many milliseconds after it was sent."""
    lines, tally = received(lag_ms), Tally()
    segments: list[Segment] = []
    while part := portion(lines):
        tally.add(part)
        data = b"".join(part)
        packed = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True).compress(data)
        key = str(ObjectKey("", collector, SegmentName(HOUR, len(segments) + 1)))
        file_of(folder, key).write_bytes(packed)
        segments.append(Segment(key, len(part), len(data), len(packed), hashlib.sha256(packed).hexdigest()))
        print(f"collector {collector}: {sum(each.records for each in segments):,} of {MESSAGES:,} lines", flush=True)
    return Manifest(
        hour=HOUR.key, collector=collector, segments=tuple(segments), event_types=dict(tally.event_types),
        topics=tally.topics, covered=(Interval(TOPIC, HOUR.start, HOUR.end),), software="bench", written_at=HOUR.end,
    )  # fmt: skip


def file_of(folder: Path, key: str) -> Path:
    return folder / key.replace("/", " ")


def received(lag_ms: int) -> Iterator[bytes]:
    """Yield the record lines of the hour; in both collectors' the same messages."""
    market, random = Market(SEED, sales_share=0.001), Random(SEED)
    market.prepare(MESSAGES, HOUR.start)  # orders from templates: a hundred times as quick
    step = timedelta(seconds=3590) / MESSAGES
    for number in range(MESSAGES):
        now = HOUR.start + number * step
        message = market.next(now)
        # most collections are small, as on the real market
        slug = f'"slug":"{message.slug}-{int(COLLECTIONS / 18 * random.random() ** 3)}"'.encode()
        body = message.body.replace(f'"slug":"{message.slug}"'.encode(), slug)
        yield record_line(format_timestamp(now + timedelta(milliseconds=lag_ms)), TOPIC, body)


def portion(lines: Iterator[bytes]) -> list[bytes]:
    part, size = [], 0
    while size < SEGMENT and (some := list(islice(lines, 1000))):
        part += some
        size += sum(map(len, some))
    return part
