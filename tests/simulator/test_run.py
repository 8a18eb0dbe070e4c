import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
import websockets


async def started(*options: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = Path(sys.executable).with_name("tidemark")
    return await asyncio.create_subprocess_exec(command, "simulate", *options, stdout=pipe, stderr=pipe)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_until_a_signal_and_ends_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    process = await started("--port", "0", "--json", "--ledger", str(tmp_path), "--key", "collector-a=key-a")
    assert process.stdout is not None
    addresses = json.loads(await process.stdout.readline())
    async with websockets.connect(f"{addresses['stream_url']}?token=key-a&vsn=2.0.0", open_timeout=60) as ws:
        await ws.send('["1","1","collection:*","phx_join",{}]')
        assert json.loads(await ws.recv())[4]["status"] == "ok"
        await ws.recv()
        process.send_signal(number)
        async for _ in ws:
            pass
    assert ws.close_code == 1001
    assert await process.communicate() == (b"", b"")
    assert process.returncode == 0


async def test_a_person_reads_addresses_and_how_it_ended(tmp_path: Path) -> None:
    process = await started("--port", "0", "--ledger", str(tmp_path), "--rate", "0")
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().split() for _ in range(4)]
    assert [name for name, _ in lines] == ["stream_url", "api_url", "control_url", "ledger"]
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert out.decode().splitlines()[-1].startswith("stopped: ")
    assert (err, process.returncode) == (b"", 0)
