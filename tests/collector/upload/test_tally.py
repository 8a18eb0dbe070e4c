import json

from hypothesis import given
from hypothesis import strategies as st

from collector.upload.tally import Tally
from tidemark.archive.event_type import event_type_of
from tidemark.archive.record import read_record, record_line, unparsed_line
from tidemark.core.timestamps import parse_timestamp

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
