"""How the collector is: what makes it ready, and how events are counted."""

from typing import Any

import msgspec
import pytest

from collector.status import Status, by_type

WELL: dict[str, Any] = {
    "collector": "collector-a",
    "software": "tidemark 0.1.0",
    "pid": 1,
    "at": "2026-11-22T15:00:00.000000Z",
    "started_at": "2026-11-22T14:00:00.000000Z",
    "hour": "2026-11-22T15",
    "expected": ("collection:*",),
    "joined": ("collection:*",),
    "uncovered": {},
    "connections": 1,
    "shortage": None,
    "clock_steps": 0,
    "received": {"item_sold": 3},
    "received_bytes": 900,
    "persisted": 3,
    "persisted_bytes": 900,
    "dropped": 0,
    "gaps": {"connecting": 1},
    "gap_seconds": {"connecting": 0.5},
    "lost": {},
    "failed": {},
    "lag": 0.25,
    "last_event_age": 1.5,
    "sync_age": 0.5,
    "sync_limit": 20.0,
    "disk_free": 10**9,
    "pending_upload": 2,
    "oldest_pending_upload": 3600.0,
}


def test_joined_and_writing_is_ready() -> None:
    assert Status(**WELL).ready
    assert Status(**WELL).troubles == ()


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"uncovered": {"collection:*": "key_refused"}}, "collection:* is not covered: key_refused"),
        ({"shortage": "disk_full"}, "messages cannot be written: disk_full"),
        ({"sync_age": 33.0}, "nothing was safe on disk for 33 seconds"),
    ],
)
def test_every_trouble_has_its_sentence(change: dict[str, Any], trouble: str) -> None:
    status = Status(**WELL | change)
    assert status.troubles == (trouble,)
    assert not status.ready


def test_a_status_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(Status(**WELL)), type=Status) == Status(**WELL)


def test_hostile_names_are_one() -> None:
    received = {"item_sold": 5, 'x"} 1\ninjected 2': 1, "": 2, "Ä": 3, None: 4}
    assert by_type(received) == {"item_sold": 5, "other": 6, "unparsed": 4}
