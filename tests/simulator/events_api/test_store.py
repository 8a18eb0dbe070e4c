import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.simulator.events_api.event import Event
from tidemark.simulator.events_api.store import Query, Store, print_cursor, read_cursor
from tidemark.simulator.message import Message


def transfer(second: int, slug: str = "seals", source: str = "0xa") -> Message:
    payload = {
        "chain": "base",
        "collection": {"slug": slug},
        "event_timestamp": f"2026-11-22T15:{second // 60:02d}:{second % 60:02d}.500000Z",
        "from_account": {"address": source},
        "item": {
            "metadata": {"image_url": None, "metadata_url": None, "name": None},
            "nft_id": "base/0xab/7",
            "permalink": "",
        },
        "quantity": 1,
        "to_account": {"address": "0xb"},
        "transaction": {"hash": "0x9", "timestamp": "1"},
    }
    body = json.dumps({"event_type": "item_transferred", "payload": payload}).encode()
    return Message("item_transferred", slug, body)


def filled(*messages: Message) -> Store:
    store = Store()
    for message in messages:
        store.add(message)
    return store


def times(events: list[Event]) -> list[int]:
    return [event["event_timestamp"] % 3600 for event in events]


@given(st.lists(st.integers(0, 599), max_size=30), st.integers(1, 7))
def test_pages_together_hold_everything_newest_first(seconds: list[int], limit: int) -> None:
    store = filled(*map(transfer, seconds))
    found: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        events, cursor = store.page(Query(limit=limit, cursor=cursor))
        assert len(events) <= limit
        found += times(events)
        pages += 1
    assert found == sorted(seconds, reverse=True)
    assert pages == max(1, -(-len(seconds) // limit))


def test_times_are_included_on_both_sides() -> None:
    store = filled(*map(transfer, range(10)))
    after, before = (event["event_timestamp"] for event in store.page(Query())[0][::-1][3:8:4])
    assert times(store.page(Query(after=after, before=before))[0]) == [7, 6, 5, 4, 3]


def test_a_collection_and_kinds_can_be_asked_for() -> None:
    store = filled(transfer(1), transfer(2, "gulls"), transfer(3, source="0x" + "0" * 40))
    assert times(store.page(Query(slug="seals"))[0]) == [3, 1]
    assert times(store.page(Query(kinds=("mint",)))[0]) == [3]
    assert times(store.page(Query(kinds=("transfer", "mint")))[0]) == [3, 2, 1]
    assert store.page(Query(kinds=("offer",))) == ([], None)


def test_what_was_cut_or_is_not_remembered_is_not_listed() -> None:
    cut = [b"{}", b'{"event_type":"item_sold","payload":{}}', b'{"event_type":"item_sold","payload":"[Object]"}', b"x"]
    store = filled(*(Message("item_sold", None, body) for body in cut), Message("item_received_bid", None, b"{}"))
    assert store.page(Query()) == ([], None)


def test_the_oldest_are_dropped() -> None:
    store = Store(capacity=3)
    for message in map(transfer, (5, 1, 4, 2, 3)):
        store.add(message)
    assert times(store.page(Query())[0]) == [5, 4, 3]


@given(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)))
def test_cursors_read_back(place: tuple[int, int]) -> None:
    assert read_cursor(print_cursor(place)) == place


@given(st.text())
def test_any_other_cursor_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_cursor(text)


def test_events_of_one_second_keep_their_order() -> None:
    store = filled(*(transfer(1, f"slug-{number}") for number in range(5)))
    slugs = [event["nft"]["collection"] for event in store.page(Query())[0]]
    assert all(earlier > later for earlier, later in pairwise(slugs))
