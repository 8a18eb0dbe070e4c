"""`tidemark tail`, `top` and `notify` beside a real collector that records the simulator."""

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.collector.test_program import TIDEMARK, Machine
from tests.live.events import received_again, sale_line
from tests.live.hooks import chat
from tests.live.test_spool import Writer
from tests.loader.transform.messages import sold
from tidemark.live.spool import SpoolTail
from tidemark.simulator.faults import Close
from tidemark.simulator.server import Simulator


def lines_in(machine: Machine) -> int:
    follower = SpoolTail.open(machine.spool)
    follower.position = follower.back(1 << 30)
    return sum(len(part) for part in follower.read())


async def test_a_running_collector_is_followed_and_not_disturbed(simulator: Simulator, tmp_path: Path) -> None:
    machine = Machine(simulator, tmp_path)
    notify = ("notify", "--position", str(tmp_path / "position"), "--once", "--sale-above", "5")
    sale = sold(sale_price=str(7 * 10**18))
    sale["payload"]["item"]["metadata"]["name"] = "\x1b[2JCat"
    with chat() as hook:
        machine.environment["TIDEMARK_WEBHOOK_URL"] = hook.address
        async with machine.collecting() as collector:
            machine.send(20)
            await machine.until(lambda: lines_in(machine) == 20)
            assert await machine.run(*notify) == (0, "", "")
            machine.simulator.send(json.dumps(sale).encode())
            await machine.until(lambda: lines_in(machine) == 21)

            status, out, err = await machine.run("tail", "--once", "--type", "item_sold")
            assert (status, err, out.count("\n")) == (0, "", 1)
            assert "item_sold" in out
            assert "\x1b" not in out
            lines = (await machine.run("tail", "--once", "-n", "3", "--json"))[1].splitlines()
            assert [json.loads(line)["type"] for line in lines] == ["item_listed", "item_listed", "item_sold"]

            looking = asyncio.create_task(machine.run("top", "--once", "--every", "3"))
            await machine.flow(4, 50)
            status, out, err = await looking
            assert (status, err) == (0, "")
            assert "joined and writing" in out
            assert "item_listed" in out

            assert (await machine.run(*notify))[0] == 0
            assert hook.texts[0].startswith("Sale: \ufffd[2JCat of ")
            assert (await machine.run(*notify))[0] == 0
            collector.terminate()
            await collector.communicate()
            assert lines_in(machine) == machine.sent + 1
        for _ in range(2):
            assert (await machine.run(*notify, "--gaps"))[0] == 0
        assert hook.texts[1:] == ["Gap: the collector does not run or does not answer"]
        hook.script = [(404, {})]
        (tmp_path / "position").unlink()
        status, _, err = await machine.run(*notify, "--gaps")
        assert status == 1
        assert err.startswith("tidemark: the webhook refused a message (HTTP 404)")
        assert "secret-token" not in err


async def test_a_notice_comes_within_seconds_and_a_kill_loses_none(simulator: Simulator, tmp_path: Path) -> None:
    machine = Machine(simulator, tmp_path)
    writer = Writer(machine.spool)

    def sell(eth: int) -> None:
        line = sale_line(eth * 10**18, f"0x{eth}", f"Cat {eth}")
        writer.segments.write(writer.hour, line, retry=False)

    with chat() as hook:
        machine.environment["TIDEMARK_WEBHOOK_URL"] = hook.address
        position = tmp_path / "position"
        words = ("notify", "--position", str(position), "--sale-above", "5")
        notify = await machine.start(*words)
        await machine.until(position.exists, 60)
        first = position.read_bytes()
        sell(6)
        await machine.until(lambda: len(hook.taken) == 1, 20)
        await machine.until(lambda: position.read_bytes() != first, 60)
        hook.script = [(503, {})] * 9
        sell(7)
        await machine.until(lambda: hook.requests >= 2, 60)
        notify.kill()
        await notify.communicate()
        sell(8)
        hook.script = []
        again = await machine.start(*words)
        await machine.until(lambda: len(hook.taken) >= 3, 60)
        again.kill()
        await again.communicate()
    assert [text.split()[2] for text in hook.texts] == ["6", "7", "8"]


async def test_a_message_that_two_connections_brought_is_one_line(simulator: Simulator, tmp_path: Path) -> None:
    machine = Machine(simulator, tmp_path)
    writer = Writer(machine.spool)

    def sell(*names: str) -> None:
        for line in (sale_line(name=name) for name in names):
            writer.segments.write(writer.hour, line + received_again(line), retry=False)

    sell("Cat 1", "Cat 2")
    assert (await machine.run("tail", "--once"))[1].count("\n") == 2
    tail = await machine.start("tail", "--json")
    assert tail.stdout
    try:
        shown = [await tail.stdout.readline() for _ in range(2)]
        writer.segments.write(writer.hour, received_again(sale_line(name="Cat 2")), retry=False)
        sell("Cat 3", "Cat 4")
        shown += [await tail.stdout.readline() for _ in range(2)]
        assert [json.loads(line)["nft"] for line in shown] == ["Cat 1", "Cat 2", "Cat 3", "Cat 4"]
    finally:
        tail.kill()
        await tail.communicate()


async def test_a_type_and_a_collection_are_understood_in_capitals(simulator: Simulator, tmp_path: Path) -> None:
    machine = Machine(simulator, tmp_path)
    writer = Writer(machine.spool)
    writer.segments.write(writer.hour, sale_line(), retry=False)
    for words in (("--type", "Item-Sold"), ("--collection", "Emblem-Vault")):
        assert (await machine.run("tail", "--once", *words))[1].count("\n") == 1


async def test_the_stream_is_shown_without_a_collector_and_nothing_is_recorded(
    simulator: Simulator, tmp_path: Path
) -> None:
    machine = Machine(simulator, tmp_path)
    del machine.environment["TIDEMARK_SPOOL"], machine.environment["TIDEMARK_COLLECTOR"]
    tail = await machine.start("tail", "--stream", "--type", "item_sold", "--json")
    assert tail.stdout
    assert tail.stderr
    try:
        assert b"records nothing" in await tail.stderr.readline()
        assert await tail.stderr.readline() == b"subscribed to collection:*\n"
        for price in (1, 2):
            machine.simulator.send(json.dumps(sold(sale_price=str(price * 10**18))).encode())
        assert [json.loads(await tail.stdout.readline())["price"] for _ in range(2)] == ["1", "2"]
        machine.simulator.arm(Close())
        assert b"Connecting again" in await tail.stderr.readline()
        assert await tail.stderr.readline() == b"subscribed to collection:*\n"
        machine.simulator.send(json.dumps(sold(sale_price=str(3 * 10**18))).encode())
        assert json.loads(await tail.stdout.readline())["price"] == "3"
    finally:
        tail.send_signal(signal.SIGINT)
        out, err = await tail.communicate()
    assert (tail.returncode, out, err) == (130, b"", b"")
    assert not await asyncio.to_thread(machine.spool.exists)


@pytest.mark.parametrize("words", [("tail",), ("tail", "--stream"), ("top", "--every", "0.5")])
async def test_what_prints_until_ctrl_c_ends_well_when_nobody_reads_it(
    simulator: Simulator, tmp_path: Path, words: tuple[str, ...]
) -> None:
    machine = Machine(simulator, tmp_path)
    writer = Writer(machine.spool)
    reading, writing = os.pipe()
    os.close(reading)
    shown = await asyncio.create_subprocess_exec(*TIDEMARK, *words, env=machine.environment, stdout=writing)
    os.close(writing)
    for price in range(1, 100):
        machine.simulator.send(json.dumps(sold(sale_price=str(price))).encode())
        writer.segments.write(writer.hour, sale_line(price), retry=False)
        with suppress(TimeoutError):
            assert await asyncio.wait_for(shown.wait(), 0.5) == 0
            return
    shown.kill()
    pytest.fail(f"{words} did not end")


async def test_mistakes_are_clear(simulator: Simulator, tmp_path: Path) -> None:
    machine = Machine(simulator, tmp_path)
    machine.spool.mkdir()
    status, _, err = await machine.run("notify", "--gaps")
    assert status == 2
    assert "TIDEMARK_WEBHOOK_URL: Field required" in err
    machine.environment["TIDEMARK_WEBHOOK_URL"] = "https://x/secret-token"
    status, _, err = await machine.run("notify")
    assert status == 2
    assert "--sale-above" in err
    assert (await machine.run("tail", "--least", "many"))[0] == 2
    status, _, err = await machine.run("tail", "--type", "item-slod")
    said = " ".join(err.replace("│", " ").split())
    assert (status, "'item-slod' is no event type. Did you mean item_sold" in said) == (2, True)
    assert "There are collection_offer, item_cancelled" in said
    assert (await machine.run("tail", "--stream", "--once"))[0] == 2
    del machine.environment["OPENSEA_API_KEY"]
    status, _, err = await machine.run("tail", "--stream")
    assert status == 2
    assert "OPENSEA_API_KEY: Field required" in err
    machine.spool.rmdir()
    assert (await machine.run("tail"))[0] == 1
