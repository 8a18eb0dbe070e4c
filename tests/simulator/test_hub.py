import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.client import connected, envelope
from tidemark.core.clock import Clock
from tidemark.core.hour import Hour
from tidemark.core.timestamps import parse_timestamp
from tidemark.simulator.faults import Drop
from tidemark.simulator.hub import MOST_AT_ONCE, Pace
from tidemark.simulator.ledger import Missed, Published, Sent, Sold, read_ledger
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

PAST = datetime(2026, 11, 20, 10, tzinfo=UTC)
KEYS = {"key-a": "collector-a"}
SALE = {"item": {"nft_id": "base/0xab/7"}, "transaction": {"hash": "0x9"}, "order_hash": "0x5"}


async def test_the_market_publishes_at_its_rate_by_the_simulator_s_clock(tmp_path: Path) -> None:
    clock = Clock(PAST, time.time(), 180.0)
    options = Options(ledger=tmp_path, keys=KEYS, rate=500.0, sales_share=0.2, clock=clock)
    async with Simulator(options) as simulator, connected(simulator) as client:
        await client.join()
        frames = [await client.hear() for _ in range(50)]
    times = [parse_timestamp(frame[4]["sent_at"]) for frame in frames]
    assert times == sorted(times)
    assert all(Hour.of(at) == Hour(PAST) for at in times)
    sent = [line.sale for line in read_ledger(tmp_path, Sent) if line.sale]
    happened = {line.sale for line in read_ledger(tmp_path, Sold)}
    assert sent
    assert set(sent) <= happened


async def test_nothing_is_published_from_the_last_hour_on(tmp_path: Path) -> None:
    options = Options(ledger=tmp_path, keys=KEYS, rate=1000.0, until=Hour(PAST), clock=Clock(PAST, time.time(), 1.0))
    async with Simulator(options) as simulator:
        for _ in range(3):
            simulator.hub.tick()
        assert simulator.hub.published.total() == 0


async def test_sales_are_remembered_whether_or_not_anybody_listens_and_once(simulator: Simulator) -> None:
    simulator.send(envelope(**SALE), envelope(**SALE, event_timestamp="2026-11-22T16:00:00Z"))
    assert [line.sale.token for line in read_ledger(simulator.options.ledger, Sold)] == ["7"]
    assert list(read_ledger(simulator.options.ledger, Sent)) == []


async def test_a_recording_waits_for_its_first_listener(tmp_path: Path) -> None:
    lines = [envelope(price=number) for number in range(5)]
    (tmp_path / "recording.jsonl").write_bytes(b"\n".join(lines))
    options = Options(ledger=tmp_path, keys=KEYS, rate=1000.0, recording=tmp_path / "recording.jsonl")
    async with Simulator(options) as simulator:
        simulator.hub.tick()
        async with connected(simulator) as client:
            await client.join()
            heard = [(await client.hear())[4] for _ in range(5)]
    assert heard == [msgspec.json.decode(line) for line in lines]


async def test_the_summary_is_one_line(simulator: Simulator) -> None:
    simulator.send(envelope(**SALE))
    assert simulator.hub.summary().endswith("1 messages, 1 sales, 0 connections, 0 faults fired")


@given(st.lists(st.floats(0.001, 0.5), min_size=1, max_size=200))
def test_the_rate_is_kept_whatever_the_beat(beats: list[float]) -> None:
    pace, now, due = Pace(rate=50.0, since=0.0), 0.0, 0
    for tick_task in beats:
        now += tick_task
        due += pace.due(now)
    assert abs(due - now * 50.0) <= 1.001


def test_a_fast_rate_comes_in_portions() -> None:
    pace = Pace(rate=10_000.0, since=0.0)
    portions = [pace.due(0.05) for _ in range(4)]
    assert portions == [MOST_AT_ONCE, MOST_AT_ONCE, 100, 0]
    assert not pace.behind


def test_a_debt_of_more_than_a_second_is_let_go() -> None:
    pace = Pace(rate=100.0, since=0.0)
    assert pace.due(60.0) == 101
    assert pace.due(60.0) == 0


def test_nothing_is_due_at_rate_zero() -> None:
    pace = Pace(rate=0.0, since=0.0)
    assert pace.due(100.0) == 0
    pace.rate = 10.0
    assert pace.due(100.5) == 5


async def test_what_is_dropped_for_all_is_sent_to_none_and_is_in_the_events_api(simulator: Simulator) -> None:
    simulator.arm(Drop(share=1.0, collection="seals"))
    async with connected(simulator) as client:
        await client.join()
        simulator.send(envelope(**SALE), envelope(slug="gulls"))
        assert (await client.hear())[4]["payload"]["collection"]["slug"] == "gulls"
    folder = simulator.options.ledger
    assert [line.sale.token for line in read_ledger(folder, Sold)] == ["7"]
    (missed,) = read_ledger(folder, Missed)
    assert (missed.client, missed.connection, missed.cause, missed.sale is not None) == ("*", None, "drop", True)
    assert [line.collection for line in read_ledger(folder, Published)] == ["seals", "gulls"]


async def test_what_is_dropped_for_one_client_is_sent_to_the_other(simulator: Simulator) -> None:
    simulator.arm(Drop(share=1.0, client="collector-b"))
    async with connected(simulator) as one, connected(simulator, "key-b") as other:
        await one.join()
        await other.join()
        simulator.send(envelope())
        await one.hear()
    assert [line.client for line in read_ledger(simulator.options.ledger, Sent)] == ["collector-a"]
    assert [line.client for line in read_ledger(simulator.options.ledger, Missed)] == ["collector-b"]
