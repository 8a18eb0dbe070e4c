"""How long an hour's segments take to become rows, beside DuckDB and ClickHouse on the same files.

The hour has 1.5 million events of all kinds, 3 GB unpacked, in segments of 512 MiB. Tidemark verifies each object as it
reads, checks that every event is whole, counts the whole market, works out sales and prints them as CSV for COPY, all
by the code and the processes of a load: only S3 and the warehouse are left out. DuckDB's `read_json` and ClickHouse's
`JSONEachRow`, with as many threads as they like, read the sales' columns and nothing else; `duckdb_counting` is DuckDB
that counts the market, too, each event once.

One event in a hundred is a sale, as the simulated market has it; on the real one they are fewer by far. The same with
one in twenty, where working out sales weighs more, is `transform_many_sales_vs_duckdb`.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import msgspec
import zstandard

from bench import results
from tidemark.archive.manifest import Manifest, Segment
from tidemark.archive.names import ObjectKey, SegmentName
from tidemark.archive.record import count_lines, record_line
from tidemark.core.hour import Hour
from tidemark.core.timestamps import format_timestamp
from tidemark.loader.verified import CHUNK
from tidemark.loader.warehouse.file import File, files_of
from tidemark.loader.warehouse.packing import Codes
from tidemark.loader.warehouse.reading import WORTH_A_PROCESS, read_files
from tidemark.loader.warehouse.rows import Rows
from tidemark.simulator.market.market import Market

SEED = 1
DISTINCT = results.scaled(100_000)
EVENTS = results.scaled(1_500_000)
USUAL_SHARE, LARGE_SHARE = 0.01, 0.05
SEGMENT = 512 << 20
ROUNDS = 7
HOUR = Hour.parse("2026-11-20T10")
OPPONENT = str(Path(__file__).parents[1] / ".venv-bench" / "bin" / "python")
QUERIES = Path(__file__).with_name("opponents")
peaks: dict[str, float] = {}


def main() -> None:
    rounds = compared(USUAL_SHARE)
    results.record(
        transform_vs_duckdb=ratio(rounds, "duckdb"),
        transform_vs_duckdb_counting=ratio(rounds, "duckdb_counting"),
        transform_vs_clickhouse=ratio(rounds, "clickhouse"),
        transform_rss_mb=max(found["tidemark"]["mb"] for found in rounds),
        transform_s=median(found["tidemark"]["seconds"] for found in rounds),
    )
    rounds = compared(LARGE_SHARE)
    results.record(
        transform_many_sales_vs_duckdb=ratio(rounds, "duckdb"),
        transform_many_sales_vs_duckdb_counting=ratio(rounds, "duckdb_counting"),
        transform_many_sales_vs_clickhouse=ratio(rounds, "clickhouse"),
    )


def ratio(rounds: list[dict[str, dict[str, float]]], other: str) -> float:
    """Return the median over the rounds: both sides of a round met the same machine, other rounds may not have."""
    return median(found["tidemark"]["seconds"] / found[other]["seconds"] for found in rounds)


def compared(share: float) -> list[dict[str, dict[str, float]]]:
    """Return what each side said of an hour with this share of sales, round by round."""
    with tempfile.TemporaryDirectory() as name:
        write_hour(Path(name), share)
        commands = {
            "tidemark": [sys.executable, "-m", "bench.transform", name],
            "duckdb": [OPPONENT, str(QUERIES / "duckdb_sales.py"), name],
            "duckdb_counting": [OPPONENT, str(QUERIES / "duckdb_sales.py"), name, "counting"],
            "clickhouse": [OPPONENT, str(QUERIES / "clickhouse_sales.py"), name],
        }
        rounds = [{side: measured(command) for side, command in commands.items()} for _ in range(ROUNDS)]
    for found in rounds:
        print(f"{share:.0%} sales: {found}", flush=True)
        if len({each["sales"] for each in found.values()}) > 1:
            raise SystemExit("they do not agree on the sales")
    return rounds


def write_hour(folder: Path, share: float) -> None:
    """Write the segments as a collector packs them, each with its entry of the manifest beside it."""
    market = Market(SEED, sales_share=share)
    moments = (HOUR.start + timedelta(hours=1) * number / DISTINCT for number in range(DISTINCT))
    lines = [record_line(format_timestamp(at), "collection:*", market.next(at).body) for at in moments]
    events = islice(cycle(lines), EVENTS)
    number = 0
    while part := _part(events):
        number += 1
        packed = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True).compress(part)
        key = str(ObjectKey("", "collector-a", SegmentName(HOUR, number)))
        segment = Segment(key, count_lines(part), len(part), len(packed), hashlib.sha256(packed).hexdigest())
        (folder / f"{number}.jsonl.zst").write_bytes(packed)
        (folder / f"{number}.json").write_bytes(msgspec.json.encode(segment))


def _part(events: Iterator[bytes]) -> bytes:
    lines, size = [], 0
    while size < SEGMENT and (line := next(events, b"")):
        lines.append(line)
        size += len(line)
    return b"".join(lines)


def measured(command: list[str]) -> dict[str, float]:
    # as an installed Tidemark begins, whose bytecode is there: the reading processes do so within what is measured
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return dict(json.loads(done.stdout))


def run(folder: Path) -> None:
    """Read all segments as a load does, but for the warehouse, and print what it took."""
    entries = sorted(folder.glob("*.json"))
    segments = {msgspec.json.decode(entry.read_bytes(), type=Segment): entry for entry in entries}
    manifest = Manifest(hour=HOUR.key, collector="a", segments=tuple(segments), software="", written_at=HOUR.end)
    files = files_of(HOUR, [manifest], Codes())
    began = time.perf_counter()
    read_files(taken, files, lambda segment: pieces(segments[segment].with_suffix(".jsonl.zst")), WORTH_A_PROCESS)
    seconds = time.perf_counter() - began
    mb = _megabytes("self") + sum(peaks.values())
    print(
        json.dumps({"sales": sum(file.observations for file in files), "seconds": round(seconds, 2), "mb": round(mb)})
    )


def taken(file: File, found: Iterable[Rows]) -> None:
    """Count rows, as staging does before it sends them; and note how much memory the processes have had so far."""
    for rows in found:
        file.count(rows)
    file.end_part()
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    peaks.update({pid: _megabytes(pid) for pid in children.split()})


def _megabytes(pid: str) -> float:
    """Return the most memory that a process has had; getrusage would count what it was forked from as well."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def pieces(packed: Path) -> Iterator[bytes]:
    """Yield a file as S3 hands out an object."""
    with packed.open("rb") as body:
        yield from iter(partial(body.read, CHUNK), b"")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
