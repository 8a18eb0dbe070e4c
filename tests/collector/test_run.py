"""The collector as a whole, against the stand-in for OpenSea."""

import asyncio
from collections import Counter
from pathlib import Path

from archive.record import read_record
from collector.run import Collector
from collector.settings import CollectorSettings
from collector.spool.disk import Disk
from simulator.message import digest_of
from simulator.server import Simulator


def settings_for(simulator: Simulator, spool: Path, **more: object) -> CollectorSettings:
    return CollectorSettings(
        _env_file=None,
        collector="collector-a",
        spool=spool,
        stream_url=simulator.stream_url,
        OPENSEA_API_KEY="key-a",
        **more,
    )


async def test_what_is_sent_is_on_disk(simulator: Simulator, tmp_path: Path) -> None:
    stop = asyncio.Event()
    spool = tmp_path / "spool"
    disk = Disk(spool)
    disk.prepare()
    collector = Collector(settings_for(simulator, spool), disk)
    running = asyncio.create_task(collector.run(stop))
    await asyncio.sleep(0.5)
    sale = b'{"event_type":"item_sold","sent_at":"2026-11-22T15:00:00Z","payload":{"x":1}}'
    simulator.send(*[sale] * 5)
    await asyncio.sleep(0.3)
    stop.set()
    await running
    lines = [line for file in (spool / "sealed").glob("*.[0-9]*.jsonl") for line in file.read_bytes().splitlines()]
    kept = Counter(digest_of(bytes(read_record(line).message)) for line in lines)
    print(*[(f, f.read_text()) for f in (spool).rglob("*.jsonl")])
    assert kept == {digest_of(sale): 5}
