import json
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.loader.recording import fetched, listed, sold
from tidemark.archive.event_type import event_type_of
from tidemark.archive.record import read_record, record_line, unparsed_line
from tidemark.archive.tally import Tally
from tidemark.archive.topic_counts import MOST_TOPICS, TopicCounts
from tidemark.core.timestamps import parse_timestamp
from tidemark.loader.transform.read import read_line
from tidemark.loader.transform.sale import Sale

SALE = b'{"event_type":"item_sold","payload":{}}'


def test_counts_each_line_once_by_type_and_keeps_the_first_and_last_moment():
    tally = Tally()
    tally.add([record_line("2026-11-20T10:00:01.000000Z", "collection:*", SALE)])
    tally.add(
        [
            record_line("2026-11-20T10:00:02.000000Z", "collection:*", b'{"event_type":"item_listed"}'),
            unparsed_line("2026-11-20T10:00:03.000000Z", b"\xff"),
        ]
    )
    assert tally.records == 3
    assert dict(tally.event_types) == {"item_sold": 1, "item_listed": 1, "unparsed": 1}
    assert tally.first_received_at == parse_timestamp("2026-11-20T10:00:01Z")
    assert tally.last_received_at == parse_timestamp("2026-11-20T10:00:03Z")


def test_a_line_that_a_disk_spoiled_is_counted_as_unparsed():
    tally = Tally()
    tally.add([b"\x00\x00\x00\n", record_line("2026-11-20T10:00:01.000000Z", None, SALE)])
    assert dict(tally.event_types) == {"unparsed": 1, "item_sold": 1}
    assert tally.topics == {"other": TopicCounts((0,), (2,), (1,))}
    assert tally.first_received_at == tally.last_received_at == parse_timestamp("2026-11-20T10:00:01Z")


def test_a_moment_without_a_zone_is_no_record():
    tally = Tally()
    tally.add([b'{"received_at":"2026-11-20T10:00:01","topic":null,"message":{"event_type":"item_sold"}}'])
    assert dict(tally.event_types) == {"unparsed": 1}
    assert tally.first_received_at is None


@given(st.lists(st.binary(max_size=40) | st.just(record_line("2026-11-20T10:00:01.000000Z", "a", SALE)), max_size=8))
def test_the_types_always_add_up_to_the_lines(lines: list[bytes]):
    tally = Tally()
    tally.add(lines)
    assert tally.records == sum(tally.event_types.values()) == len(lines)
    assert all(counts.whole for counts in tally.topics.values())
    assert sum(sum(counts.messages) for counts in tally.topics.values()) == len(lines)
    assert sum(sum(counts.sales) for counts in tally.topics.values()) == tally.event_types["item_sold"]


def test_counts_each_topic_by_minute_and_sales_by_themselves():
    tally = Tally()
    tally.add(
        [
            record_line("2026-11-20T10:03:59.999999Z", "collection:*", SALE),
            record_line("2026-11-20T10:03:00.000000Z", "collection:*", b'{"event_type":"item_listed"}'),
            record_line("2026-11-20T10:59:00.000000Z", "collection:*", SALE),
            record_line("2026-11-20T10:59:00.000000Z", "collection:cats", SALE),
        ]
    )
    assert tally.topics == {
        "collection:*": TopicCounts((3, 59), (2, 1), (1, 1)),
        "collection:cats": TopicCounts((59,), (1,), (1,)),
    }


def test_a_hostile_topic_gets_no_name_of_its_own():
    tally = Tally()
    names = [
        "phoenix",
        "collection:",
        "collection:a b",
        "collection:\x00",
        "collection:" + "a" * 129,
        "collection:\u00e9",
    ]
    tally.add(record_line("2026-11-20T10:00:01.000000Z", name, SALE) for name in names)
    assert tally.topics == {"other": TopicCounts((0,), (len(names),), (len(names),))}


def test_topics_without_number_are_counted_together():
    tally = Tally()
    tally.add(
        record_line("2026-11-20T10:00:01.000000Z", f"collection:{number}", SALE) for number in range(MOST_TOPICS + 7)
    )
    assert len(tally.topics) == MOST_TOPICS + 1
    assert tally.topics["other"] == TopicCounts((0,), (7,), (7,))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["item_sold", "A", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(st.sampled_from(["event_type", "payload", "x", "message"]), inner), max_size=4).map(tuple)
    ),
    max_leaves=8,
)


def as_json(value: object) -> str:
    """Print a value; a tuple of pairs is an object, which may then name a key twice."""
    if isinstance(value, tuple):
        return "{" + ",".join(f"{json.dumps(key)}:{as_json(inner)}" for key, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    return json.dumps(value)


@given(JSON)
def test_counts_as_the_loader_does_whatever_the_message_is(value: object):
    line = record_line("2026-11-20T10:00:01.000000Z", None, as_json(value).encode())
    tally = Tally()
    tally.add([line])
    assert dict(tally.event_types) == {event_type_of(read_record(line).message): 1}


def typed(event_type: bytes) -> bytes:
    return record_line("2026-11-20T10:00:01.000000Z", None, b'{"event_type":%b,"payload":{}}' % event_type)


@given(st.binary(max_size=40).map(lambda name: name.replace(b"\n", b" ")))
@example(b'"\xff\\u0041"')
@example(b'"\xed\xa0\x80\\n"')
@example(b'"\\' + b"[" * 5000)
def test_no_event_type_stops_a_segment_or_an_hour(event_type: bytes):
    line = typed(event_type)
    tally = Tally()
    tally.add([line])
    assert tally.records == 1
    read_line(line)


def counted(line: bytes) -> dict[str, int]:
    tally = Tally()
    tally.add([line])
    return dict(tally.event_types)


def loaded(line: bytes) -> dict[str, int]:
    outcome = read_line(line)
    return {"item_sold" if isinstance(outcome, Sale) else outcome.event_type: 1}


def of_type(event_type: str) -> dict[str, object]:
    payload = {"order_hash": "0x1", "chain": "base", "item": {"nft_id": "base/0x1/1"}, "collection": {"slug": "cats"}}
    return {"event_type": event_type, "sent_at": "2026-11-22T15:00:00Z", "payload": payload}


SPOILT = {
    "sale": ("collection:*", sold(1)),
    "sale that is read slowly": ("collection:*", sold(1, item={"nft_id": "base/0x1/1", "metadata": "x"})),
    "sale in an object frame": ("collection:*", {"event": "item_sold", "payload": sold(1)}),
    "repaired sale": ("events-api", fetched(1)),
    "listing": ("collection:*", listed(1)),
    "order_invalidate": ("collection:cats", of_type("order_invalidate")),
    "item_metadata_updated": ("collection:cats", of_type("item_metadata_updated")),
    "unknown": (None, of_type("item_burned")),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_flipped_bit_costs_at_most_its_own_line_and_the_loader_counts_it_alike(kind: str):
    topic, message = SPOILT[kind]
    line = record_line("2026-11-22T15:00:01.890505Z", topic, json.dumps(message).encode())
    for place in range(len(line) - 1):
        for bit in range(8):
            flipped = line[:place] + bytes([line[place] ^ 1 << bit]) + line[place + 1 :]
            for each in BytesIO(flipped).readlines():
                assert counted(each) == loaded(each), each


@pytest.mark.parametrize("received_at", ["0001-01-01T00:00:00Z", "2015-08-06T23:59:59Z", "2100-01-01T00:00:00Z"])
@pytest.mark.parametrize("kind", SPOILT)
def test_a_moment_in_which_nothing_can_be_received_is_no_record(kind: str, received_at: str):
    topic, message = SPOILT[kind]
    line = record_line(received_at, topic, json.dumps(message).encode())
    assert counted(line) == loaded(line) == {"unparsed": 1}


def test_a_last_line_that_is_no_record_leaves_the_time_of_the_last_one():
    tally = Tally()
    tally.add([record_line("2026-11-20T10:07:01.000000Z", "collection:*", SALE), b"\x00\n"])
    assert tally.last_received_at == parse_timestamp("2026-11-20T10:07:01Z")
    assert tally.topics["other"] == TopicCounts((7,), (1,), (0,))


def test_a_known_topic_is_counted_as_itself_also_beyond_the_most_topics():
    tally, at = Tally(), "2026-11-20T10:00:01.000000Z"
    tally.add([record_line(at, f"no topic {number}", SALE) for number in range(MOST_TOPICS)])
    tally.add([record_line(at, f"collection:{number}", SALE) for number in (*range(MOST_TOPICS - 1), 7)])
    assert tally.topics["collection:7"] == TopicCounts((0,), (2,), (2,))
