"""How long an hour's segments take to become rows, beside DuckDB's `read_json` on the same files.

The hour has 1.5 million events of all kinds, 3 GB unpacked, in segments of 512 MiB. Tidemark verifies each object as it
reads, checks that every event is whole, works out sales and prints them as COPY text; two processes share the segments,
as two loaders share hours. DuckDB, with as many threads as it likes, reads the sales' columns and nothing else.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import msgspec
import zstandard

from archive.hour import Hour
from archive.manifest import Segment
from archive.moment import format_moment
from archive.names import ObjectKey, SegmentName
from archive.record import count_lines, record_line
from bench import results
from loader.archive.segment import unpacked
from loader.transform.segment import read_segment
from loader.warehouse.copy_text import sight_row
from simulator.market.market import Market

SEED = 1
DISTINCT = 100_000
EVENTS = 1_500_000
SALES_SHARE = 0.05
SEGMENT = 512 << 20
ROUNDS = 3
PROCESSES = 2
HOUR = Hour.parse("2026-11-20T10")
DUCKDB = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"
QUERY = Path(__file__).with_name("opponents") / "duckdb_sales.py"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_hour(folder)
        ours, alone, theirs, memory = [], [], [], []
        for number in range(ROUNDS):
            together = measured([sys.executable, "-m", "bench.transform", name, str(PROCESSES)])
            single = measured([sys.executable, "-m", "bench.transform", name, "1"])
            duckdb = measured([str(DUCKDB), str(QUERY), name])
            if len({run["sales"] for run in (together, single, duckdb)}) != 1:
                raise SystemExit(f"they do not agree on the sales: {together}, {single}, {duckdb}")
            ours.append(together["seconds"])
            alone.append(single["seconds"])
            theirs.append(duckdb["seconds"])
            memory.append(together["mb"])
            print(f"round {number + 1}: {together} | one process {single} | duckdb {duckdb}", flush=True)
    results.record(
        transform_vs_duckdb=median(ours) / median(theirs),
        transform_one_process_vs_duckdb=median(alone) / median(theirs),
        transform_rss_mb=max(memory),
        transform_s=median(ours),
    )


def write_hour(folder: Path) -> None:
    """Write the segments as a collector packs them, each with its entry of the manifest beside it."""
    market = Market(SEED, sales_share=SALES_SHARE)
    moments = (HOUR.start + timedelta(milliseconds=number) for number in range(DISTINCT))
    lines = [record_line(format_moment(at), "collection:*", market.next(at).body) for at in moments]
    events = islice(cycle(lines), EVENTS)
    number = 0
    while part := _part(events):
        number += 1
        packed = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True).compress(part)
        key = str(ObjectKey("", "collector-a", SegmentName(HOUR, number)))
        segment = Segment(key, count_lines(part), len(part), len(packed), hashlib.sha256(packed).hexdigest())
        (folder / f"{number}.jsonl.zst").write_bytes(packed)
        (folder / f"{number}.json").write_bytes(msgspec.json.encode(segment))


def _part(events: islice) -> bytes:
    lines, size = [], 0
    while size < SEGMENT and (line := next(events, b"")):
        lines.append(line)
        size += len(line)
    return b"".join(lines)


def measured(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def transform(entry: Path) -> tuple[int, int, float]:
    """Turn one segment into rows; return its lines, its sales, and this process's peak memory in megabytes."""
    segment = msgspec.json.decode(entry.read_bytes(), type=Segment)
    lines = sales = 0
    with entry.with_suffix(".jsonl.zst").open("rb") as body:
        for block in read_segment(unpacked(body, segment)):
            lines += block.lines
            for number, sale in block.sales:
                sales += bool(sight_row(number, 1, "collector-a", sale))
    return lines, sales, _megabytes()


def _megabytes() -> float:
    """Return the most memory that this process has had; getrusage would count what it was forked from as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def run(folder: Path, processes: int) -> None:
    """Transform all segments and print what it took; the memory is that of all processes together."""
    entries = sorted(folder.glob("*.json"))
    began = time.perf_counter()
    if processes == 1:
        done = [transform(entry) for entry in entries]
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            done = list(pool.map(transform, entries))
    seconds = time.perf_counter() - began
    peaks = sorted((peak for _, _, peak in done), reverse=True)[:processes]
    mb = sum(peaks) + (_megabytes() if processes > 1 else 0)
    print(json.dumps({"sales": sum(sales for _, sales, _ in done), "seconds": round(seconds, 2), "mb": round(mb)}))


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]))
