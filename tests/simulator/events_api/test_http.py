from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.simulator.events_api.test_store import transfer
from tidemark.simulator.events_api.http import RateLimit
from tidemark.simulator.faults import ApiFailure
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

KEY = {"x-api-key": "key-a"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(Options(ledger=tmp_path, keys={"key-a": "collector-a"}, api_limit=8)) as simulator:
        simulator.send(*(transfer(second, slug).body for second in range(3) for slug in ("seals", "gulls")))
        yield simulator


async def get(simulator: Simulator, path: str = "events", key: str = "key-a") -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, headers={"x-api-key": key}, timeout=60) as client:
        return await client.get(f"{simulator.api_url}/{path}")


async def test_pages_end_where_next_is_missing(api: Simulator) -> None:
    first = (await get(api, "events?limit=4")).json()
    assert len(first["asset_events"]) == 4
    last = (await get(api, f"events?limit=4&next={first['next']}")).json()
    assert len(last["asset_events"]) == 2
    assert "next" not in last


async def test_a_collection_has_its_own_path(api: Simulator) -> None:
    events = (await get(api, "events/collection/gulls?event_type=transfer&event_type=sale")).json()["asset_events"]
    assert {event["nft"]["collection"] for event in events} == {"gulls"}
    assert len(events) == 3


@pytest.mark.parametrize("key", ["", "key-b"])
async def test_a_key_is_needed(api: Simulator, key: str) -> None:
    assert (await get(api, key=key)).status_code == 401


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=many", "after=noon", "before=", "next=x", "event_type=theft"]
)
async def test_a_mistaken_query_is_explained(api: Simulator, query: str) -> None:
    answer = await get(api, f"events?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]


async def test_too_many_requests_are_turned_away_with_the_time_to_wait(api: Simulator) -> None:
    answers = [await get(api) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [200] * 8 + [429]
    assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers] == [7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


async def test_it_may_be_out_of_order(api: Simulator) -> None:
    api.arm(ApiFailure(status=599, retry_after="3"))
    answer = await get(api)
    assert (answer.status_code, answer.headers["Retry-After"]) == (599, "3")
    assert (await get(api)).status_code == 200
    assert [fired.fault for fired in api.fired] == ["api_failure"]


def test_requests_are_counted_for_each_client_by_the_minute() -> None:
    limit = RateLimit(2)
    assert [limit.take("a", now).refused for now in (0.0, 1.0, 2.0, 59.9)] == [False, False, True, True]
    assert not limit.take("b", 2.0).refused
    assert not limit.take("a", 60.0).refused


def test_the_headers_give_what_is_left_and_when_to_ask_again() -> None:
    limit = RateLimit(1)
    assert limit.take("a", 0.0).headers(1000) == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1060",
    }
    assert limit.take("a", 20.5).headers(1020) == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1060",
        "Retry-After": "40",
    }
