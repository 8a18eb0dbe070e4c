import json
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator.events_api.test_store import transfer
from tidemark.simulator.events_api.faulty_page import bad_event, faulty_page
from tidemark.simulator.faults import (
    ApiBadEvent,
    ApiBrokenGzip,
    ApiChallenge,
    ApiHang,
    ApiHtml,
    ApiRedirect,
    ApiRepeatCursor,
    ApiShuffle,
    ApiTruncated,
    PageFault,
)
from tidemark.simulator.options import Options
from tidemark.simulator.server import Simulator

EVENT = {
    "event_timestamp": 1788949119,
    "closing_date": 1788949100,
    "order_hash": "0x5",
    "payment": {"quantity": "1"},
    "nft": {"name": "Seal #1", "description": ""},
}


async def answer(tmp_path: Path, fault: PageFault) -> httpx.Response:
    """Return the answer that a fault spoils; the next one is right."""
    async with Simulator(Options(ledger=tmp_path, keys={"key-a": "a"})) as simulator:
        simulator.send(*(transfer(second).body for second in range(4)))
        simulator.arm(fault)
        async with httpx.AsyncClient(trust_env=False, headers={"x-api-key": "key-a"}, timeout=60) as client:
            try:
                return await client.get(f"{simulator.api_url}/events")
            finally:
                assert [fired.fault for fired in simulator.fired] == [fault.name]
                right = (await client.get(f"{simulator.api_url}/events")).json()["asset_events"]
                assert [event["event_timestamp"] % 60 for event in right] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (ApiHtml(), 200, "<html>"),
        (ApiHtml(status=502), 502, "<html>"),
        (ApiChallenge(), 403, "Just a moment"),
        (ApiRedirect(location="http://other.invalid/x"), 302, ""),
    ],
)
async def test_answers_that_are_no_page(tmp_path: Path, fault: PageFault, status: int, text: str) -> None:
    found = await answer(tmp_path, fault)
    assert found.status_code == status
    assert text in found.text
    assert isinstance(fault, ApiRedirect) == (found.headers.get("Location") == "http://other.invalid/x")
    with pytest.raises(ValueError, match=r".*"):
        found.json()


@pytest.mark.parametrize("fault", [ApiBrokenGzip(), ApiTruncated()])
async def test_a_body_may_be_cut(tmp_path: Path, fault: PageFault) -> None:
    with pytest.raises((httpx.HTTPError, json.JSONDecodeError, zlib.error)):
        (await answer(tmp_path, fault)).json()


async def test_an_answer_may_be_late(tmp_path: Path) -> None:
    before = time.monotonic()
    assert (await answer(tmp_path, ApiHang(hold=0.2))).status_code == 200
    assert time.monotonic() - before >= 0.2


async def test_a_page_may_be_out_of_order(tmp_path: Path) -> None:
    events = (await answer(tmp_path, ApiShuffle())).json()["asset_events"]
    assert [event["event_timestamp"] % 60 for event in events] == [2, 0, 3, 1]


async def test_one_event_of_a_page_may_be_bad(tmp_path: Path) -> None:
    found = await answer(tmp_path, ApiBadEvent(kind="surrogate", position=1))
    assert "\\ud83d" in found.text
    assert len(json.loads(found.content)["asset_events"]) == 4


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("timestamp", {"event_timestamp": "2026-09-09T10:18:39Z"}),
        ("absurd_time", {"event_timestamp": 10**15, "closing_date": -1}),
        ("surrogate", {"nft": {"name": "Seal #1 \ud83d", "description": "Seal #1 \ud83d"}}),
    ],
)
def test_a_bad_event_differs_in_one_thing(kind: str, changed: dict[str, Any]) -> None:
    assert bad_event(EVENT, kind) == EVENT | changed


@pytest.mark.parametrize("name", ["payment", "order_hash", "nft"])
def test_a_part_of_an_event_may_be_missing(name: str) -> None:
    event = bad_event(EVENT, f"no_{name}")
    assert event is not None
    assert EVENT.keys() - event.keys() == {name}


def test_a_cursor_may_come_twice() -> None:
    page = {"asset_events": [], "next": "b"}
    assert faulty_page(ApiRepeatCursor(), page, "a")["next"] == "a"
    assert faulty_page(ApiRepeatCursor(), page, None)["next"] == "b"
    assert "next" not in faulty_page(ApiRepeatCursor(), {"asset_events": []}, None)


def test_an_event_of_a_page_may_be_null_and_an_empty_page_stays_empty() -> None:
    fault = ApiBadEvent(kind="null", position=9)
    assert faulty_page(fault, {"asset_events": [EVENT, EVENT]}, None)["asset_events"] == [EVENT, None]
    assert faulty_page(fault, {"asset_events": []}, None) == {"asset_events": []}
