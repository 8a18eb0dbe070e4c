"""How fast one core packs a segment, in CPU time.

`compress_mb_s` compresses and digests; `pack_mb_s` reads and counts every line as well, which is all that `tidemark
upload` does before it sends.
"""

import hashlib
import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from statistics import median

from bench import results
from collector.upload.packing import compressor, pack
from tidemark.archive.record import record_line
from tidemark.core.timestamps import format_timestamp
from tidemark.simulator.market.market import Market

SEED = 1
DISTINCT = 10_000
SIZE = results.scaled(200_000_000)
CHUNK = 1 << 20
ROUNDS = 5


def segment() -> bytes:
    """Return lines as a collector writes them; they repeat only far beyond the window in which zstd looks back."""
    market = Market(SEED, sales_share=0.05)
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    moments = (start + timedelta(milliseconds=index) for index in range(DISTINCT))
    lines = [record_line(format_timestamp(at), "collection:*", market.next(at).body) for at in moments]
    return b"".join(islice(cycle(lines), SIZE * DISTINCT // sum(map(len, lines))))


def compress(content: bytes, level: int) -> int:
    target = io.BytesIO()
    with compressor(level).stream_writer(target, size=len(content), closefd=False) as writer:
        for start in range(0, len(content), CHUNK):
            writer.write(content[start : start + CHUNK])
    hashlib.sha256(target.getbuffer()).digest()
    return target.tell()


def megabytes_per_second(content: bytes, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return len(content) / 1e6 / (time.process_time() - began)


def main() -> None:
    content = segment()
    for level in (1, 3, 6):
        speed = megabytes_per_second(content, partial(compress, content, level))
        print(f"zstd-{level}: ratio {len(content) / compress(content, level):.2f}, {speed:.0f} MB/s")
    compressing, packing = [], []
    for _ in range(ROUNDS):
        compressing.append(megabytes_per_second(content, lambda: compress(content, 1)))
        packing.append(
            megabytes_per_second(content, lambda: pack(io.BytesIO(content), len(content), io.BytesIO(), level=1))
        )
    results.record(compress_mb_s=median(compressing), pack_mb_s=median(packing))
