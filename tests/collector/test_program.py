"""The collector as a process: how it starts, stops, reloads, and tells how it is."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from collector.http import Answer, HttpServer, ask
from collector.program import Notifier, configure_logs, main, served
from collector.settings import CollectorSettings
from collector.spool.lock import Holder, held, holder
from collector.status import inspect
from tests.collector.recording import SpoolUnderTest
from tidemark.core.errors import Problem
from tidemark.simulator.server import Simulator

TIDEMARK = (sys.executable, "-c", "from tidemark.cli.main import main; main()")


class Machine(SpoolUnderTest):
    """A machine on which `tidemark` runs, with the time-outs of the defaults: nothing here waits for them."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        super().__init__(simulator, folder / "spool")
        self.environment = {
            "PATH": os.environ["PATH"],
            "TIDEMARK_COLLECTOR": "collector-a",
            "TIDEMARK_SPOOL": str(self.spool),
            "TIDEMARK_STREAM_URL": simulator.stream_url,
            "TIDEMARK_METRICS_PORT": "0",
            "OPENSEA_API_KEY": "key-a",
        }

    async def start(self, verb: str, *options: str, log: int = PIPE) -> Process:
        return await asyncio.create_subprocess_exec(
            *TIDEMARK, verb, *options, env=self.environment, stdout=PIPE, stderr=log
        )

    async def run(self, verb: str, *options: str) -> tuple[int, str, str]:
        process = await self.start(verb, *options)
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    @asynccontextmanager
    async def collecting(self, *, joins: bool = True, log: int = PIPE) -> AsyncIterator[Process]:
        process = await self.start("collect", log=log)
        try:
            if joins:
                await self.until(self.simulator.joined, 60)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


@pytest.fixture
def machine(simulator: Simulator, tmp_path: Path) -> Machine:
    return Machine(simulator, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_within_five_seconds_with_everything_on_disk(machine: Machine, number: int) -> None:
    async with machine.collecting() as process:
        flow = asyncio.create_task(machine.flow(60, 400))
        await machine.until(lambda: machine.kept() > 100)
        process.send_signal(number)
        async with asyncio.timeout(5):
            _, err = await process.communicate()
        flow.cancel()
    assert process.returncode == 0
    events = [json.loads(line) for line in err.decode().splitlines()]
    assert events[-1]["event"] == "stopped"
    assert events[-1]["persisted"] == machine.kept() > 100
    assert machine.balance().in_gaps <= 200
    assert "key-a" not in err.decode()


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def closed_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("where", [full_disk, closed_pipe])
async def test_a_log_that_cannot_be_written_stops_nothing_and_its_lines_are_counted(
    machine: Machine, where: Callable[[], int]
) -> None:
    log = where()
    async with machine.collecting(log=log) as process:
        os.close(log)
        machine.send(3)
        await machine.until(lambda: (status := inspect(machine.spool).status) and status.persisted == 3)
        status = inspect(machine.spool).status
        assert status is not None
        assert status.lost_log_lines == 3, "recording, connected, joined"
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0
    assert machine.kept() == 3


async def test_it_serves_its_status(machine: Machine) -> None:
    async with machine.collecting() as process:
        machine.send(3)
        found = holder(machine.spool)
        assert found is not None
        assert found.pid == process.pid
        await machine.until(lambda: (status := inspect(machine.spool).status) is not None and status.ready)
        assert await asyncio.to_thread(ask, found.address, "/healthz") == b'{"alive":true}'
        assert await asyncio.to_thread(ask, found.address, "/readyz") == b'{"troubles":[]}'
        assert b"tidemark_received_messages_total" in await asyncio.to_thread(ask, found.address, "/metrics")
        status, shown, _ = await machine.run("status")
        assert status == 0
        assert "joined and writing" in shown
        status, shown, _ = await machine.run("status", "--json")
        assert msgspec.json.decode(shown)["status"]["collector"] == "collector-a"
    status, shown, _ = await machine.run("status")
    assert status == 1
    assert "NOT RUNNING" in shown


async def test_a_second_one_refuses_with_a_clear_message(machine: Machine) -> None:
    async with machine.collecting() as process:
        status, _, err = await machine.run("collect")
        assert status == 1
        assert f"process {process.pid} already writes into the spool" in err
        assert "Traceback" not in err


async def test_it_records_without_metrics_while_their_port_is_taken(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        machine.environment["TIDEMARK_METRICS_PORT"] = str(taken.getsockname()[1])
        async with machine.collecting() as process:
            machine.send(3)
            await machine.until(lambda: machine.kept() == 3)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
    assert process.returncode == 0
    first, *_ = [json.loads(line) for line in err.decode().splitlines()]
    assert (first["event"], first["level"]) == ("metrics are not served", "error")
    assert "TIDEMARK_METRICS_PORT" in first["hint"]


async def test_metrics_are_served_as_soon_as_their_port_is_free(tmp_path: Path) -> None:
    routes = {"/ok": lambda: Answer(200, b"fine")}
    with held(tmp_path) as lock, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with served(HttpServer(routes, "127.0.0.1", port, 0), lock, again=0.01) as address:
            assert address == ""
            await asyncio.sleep(0.1)
            assert holder(tmp_path) == Holder(os.getpid(), "")
            taken.close()
            async with asyncio.timeout(60):
                while not (found := holder(tmp_path)) or not found.address:  # noqa: ASYNC110 - a test may look
                    await asyncio.sleep(0.01)
            assert await asyncio.to_thread(ask, f"http://127.0.0.1:{port}", "/ok") == b"fine"


async def test_a_signal_makes_it_read_the_collections_again(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "collections"
    file.write_text("dogs\n")
    machine.environment["TIDEMARK_COLLECTIONS_FILE"] = str(file)

    def joined() -> set[str]:
        return {topic for socket in machine.simulator.hub.sockets for topic in socket.connection.channels.subscriptions}

    async with machine.collecting() as process:
        assert joined() == {"collection:dogs"}
        file.write_text("dogs\ncats\n")
        process.send_signal(signal.SIGHUP)
        await machine.until(lambda: joined() == {"collection:dogs", "collection:cats"})
        assert process.returncode is None


async def test_the_service_manager_is_notified(machine: Machine, tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.setblocking(False)
        machine.environment |= {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "300000"}
        said = []
        async with machine.collecting() as process:
            while sum(b"WATCHDOG=1" in one for one in said) < 3:
                said.append(await asyncio.get_running_loop().sock_recv(manager, 1000))
            process.send_signal(signal.SIGTERM)
            while b"STOPPING=1" not in said:  # the socket holds ten; what comes then is lost
                said.append(await asyncio.get_running_loop().sock_recv(manager, 1000))
            await process.communicate()
    assert said[0] == b"READY=1"
    assert any(b"STATUS=joined and writing" in one for one in said)


@pytest.mark.parametrize(
    ("name", "value", "ended", "complaint"),
    [
        ("TIDEMARK_SPOOL", "/proc/nowhere", 1, "cannot be written"),
        ("TIDEMARK_STREAM_URL", "http://127.0.0.1:1/", 2, "is no websocket address"),
        ("TIDEMARK_COLLECTIONS_FILE", "/nowhere", 1, "/nowhere cannot be used"),
    ],
)
async def test_what_a_person_must_put_right_is_one_clear_message(
    machine: Machine, name: str, value: str, ended: int, complaint: str
) -> None:
    machine.environment[name] = value
    status, _, err = await machine.run("collect")
    assert status == ended
    assert complaint in err
    assert "Next:" in err
    assert "Traceback" not in err
    assert "key-a" not in err


def test_nothing_is_recorded_while_the_clock_is_not_set(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    given: dict[str, Any] = {"collector": "collector-a", "spool": spool, "OPENSEA_API_KEY": "key-a"}
    with pytest.raises(Problem, match="clock shows 1970-01-01 00:00:12 UTC"):
        main(CollectorSettings(_env_file=None, **given), real=lambda: 12.0)
    assert not spool.exists()


def test_states_reach_the_service_manager(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        Notifier({"NOTIFY_SOCKET": str(address)}).send("READY=1", "STATUS=joined")
        assert manager.recv(100) == b"READY=1\nSTATUS=joined"


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"tidemark-test-{os.getpid()}"  # all programs of the machine share these names
        manager.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).send("WATCHDOG=1")
        assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    Notifier({}).send("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")


def test_the_watchdog_time_is_in_seconds() -> None:
    assert Notifier({"WATCHDOG_USEC": "60000000"}).watchdog_seconds == 60
    assert Notifier({}).watchdog_seconds == 0


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_json_is_one_object_a_line_whatever_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    structlog.get_logger().warning("it happened", value='"\n{"level":"info"}', count=3)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {"event": "it happened", "value": '"\n{"level":"info"}', "count": 3, "level": "warning"}


def test_a_person_gets_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("console")
    structlog.get_logger().info("it happened", count=3)
    said = capsys.readouterr().err
    assert "it happened" in said
    assert not said.startswith("{")


def test_elsewhere_than_on_a_terminal_auto_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("auto")
    structlog.get_logger().info("it happened")
    structlog.get_logger().debug("not this")
    assert json.loads(capsys.readouterr().err)["event"] == "it happened"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_value(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(form)  # type: ignore[arg-type]
    secret = "hush-hush"
    try:
        {}[len(secret)]
    except KeyError:
        structlog.get_logger().exception("it failed")
    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "hush-hush" not in said.replace('secret = "hush-hush"', "")


async def test_a_start_that_fails_is_told_in_one_line_with_the_next_step(machine: Machine) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    def failures() -> int:
        status = inspect(machine.spool).status if machine.spool.exists() else None
        return status.failed.get("proxy_failed", 0) if status else 0

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        machine.environment |= {
            "TIDEMARK_STREAM_URL": "wss://nowhere.invalid/",
            "HTTPS_PROXY": f"http://127.0.0.1:{port}",
        }
        async with machine.collecting(joins=False) as process:
            async with asyncio.timeout(60):
                while await asyncio.to_thread(failures) < 3:  # noqa: ASYNC110 - a test may look
                    await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
    lines = [json.loads(line) for line in err.decode().splitlines()]  # a traceback would be no JSON
    assert [line["event"] for line in lines] == ["recording", "not connected", "stopped"]
    told = {name: lines[1][name] for name in ("level", "reason", "problem", "hint", "attempts")}
    assert told == {
        "level": "warning",
        "reason": "proxy_failed",
        "problem": "the Stream API at nowhere.invalid: the proxy opened no way to it",
        "hint": "Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
        "attempts": 1,
    }
