import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemark.simulator.message import Message
from tidemark.simulator.stream.channel import Channels, Request, read_request

REFS = st.none() | st.text(max_size=5)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists, max_leaves=3)
SALE = Message("item_sold", "seals", b'{"event_type":"item_sold","payload":{}}')


def ask(channels: Channels, *frame: Any) -> list[Any]:
    return [json.loads(answer) for answer in channels.answer(read_request(json.dumps(frame)))]


@given(REFS, REFS, st.text(max_size=9), st.text(max_size=9), JSON)
def test_either_form_of_a_request_reads_the_same(
    join_ref: str | None, ref: str | None, topic: str, event: str, payload: Any
) -> None:
    as_object = {"join_ref": join_ref, "ref": ref, "topic": topic, "event": event, "payload": payload}
    assert read_request(json.dumps([join_ref, ref, topic, event, payload])) == read_request(json.dumps(as_object))
    assert read_request(json.dumps(as_object)) == Request(topic, event, payload, ref, join_ref)


@given(st.text())
def test_any_other_text_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is the decoder's)
        read_request(text)


def test_a_join_is_answered_under_its_own_refs() -> None:
    ok = {"status": "ok", "response": {}}
    assert ask(Channels(), "1", "2", "collection:seals", "phx_join", {}) == [
        ["1", "2", "collection:seals", "phx_reply", ok]
    ]


def test_a_heartbeat_is_answered_without_a_join() -> None:
    ok = {"status": "ok", "response": {}}
    assert ask(Channels(), None, "9", "phoenix", "heartbeat", {}) == [[None, "9", "phoenix", "phx_reply", ok]]


@pytest.mark.parametrize(("topic", "event"), [("elsewhere", "phx_join"), ("collection:seals", "phx_leave")])
def test_what_cannot_be_is_refused_without_a_join_ref(topic: str, event: str) -> None:
    no = {"status": "error", "response": {"reason": "unmatched topic"}}
    assert ask(Channels(), "1", "2", topic, event, {}) == [[None, "2", topic, "phx_reply", no]]


def test_a_second_join_closes_the_first_after_the_reply() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", {})
    reply, close = ask(channels, "2", "2", "collection:*", "phx_join", {})
    assert (reply[0], reply[3]) == ("2", "phx_reply")
    assert close == ["1", "1", "collection:*", "phx_close", {}]
    assert [json.loads(frame)[0] for frame in channels.deliveries(SALE)] == ["2"]


def test_after_a_leave_nothing_is_delivered() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", {})
    assert [answer[3] for answer in ask(channels, "1", "2", "collection:*", "phx_leave", {})] == [
        "phx_reply",
        "phx_close",
    ]
    assert list(channels.deliveries(SALE)) == []


def test_a_message_comes_once_for_each_topic_that_it_concerns() -> None:
    channels = Channels()
    for ref, topic in enumerate(("collection:*", "collection:seals", "collection:gulls")):
        ask(channels, str(ref), str(ref), topic, "phx_join", {})
    frames = [json.loads(frame) for frame in channels.deliveries(SALE)]
    assert [frame[:4] for frame in frames] == [
        ["0", None, "collection:*", "item_sold"],
        ["1", None, "collection:seals", "item_sold"],
    ]
    assert all(frame[4] == json.loads(SALE.body) for frame in frames)


def test_the_envelope_stands_in_the_frame_byte_for_byte() -> None:
    odd = Message("item_sold", "seals", b'{ "event_type" :"item_sold","price": 1e400 }')
    for channels in (Channels(), Channels(arrays=False)):
        ask(channels, "1", "1", "collection:*", "phx_join", {})
        (frame,) = channels.deliveries(odd)
        assert odd.body in frame
        json.loads(frame)


def test_the_filter_is_the_server_s() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", {"event_types": ["item_listed"]})
    assert list(channels.deliveries(SALE)) == []
    listed = Message("item_listed", "seals", b"{}")
    assert len(list(channels.deliveries(listed))) == 1


@pytest.mark.parametrize("payload", [None, {}, {"event_types": []}, {"event_types": "item_sold"}, [1]])
def test_a_filter_that_is_none_lets_everything_through(payload: Any) -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", payload)
    assert len(list(channels.deliveries(SALE))) == 1


def test_a_message_of_no_collection_goes_to_every_subscription() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:seals", "phx_join", {})
    assert len(list(channels.deliveries(Message("odd", None, b"{}")))) == 1


def test_a_recorded_frame_is_delivered_as_it_is() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:seals", "phx_join", {})
    assert list(channels.deliveries(Message("item_sold", "seals", b"{}", frame=b"as it was"))) == [b"as it was"]


def test_old_clients_get_objects() -> None:
    channels = Channels(arrays=False)
    (reply,) = channels.answer(Request("collection:*", "phx_join", {}, "1"))
    ok = {"status": "ok", "response": {}}
    assert json.loads(reply) == {"event": "phx_reply", "payload": ok, "ref": "1", "topic": "collection:*"}
    (frame,) = channels.deliveries(SALE)
    payload = json.loads(SALE.body)
    assert json.loads(frame) == {"event": "item_sold", "payload": payload, "ref": None, "topic": "collection:*"}


def test_a_crash_ends_every_channel_and_nothing_comes_until_a_join() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", {})
    assert [json.loads(frame) for frame in channels.crash("phx_error")] == [["1", "1", "collection:*", "phx_error", {}]]
    assert list(channels.deliveries(SALE)) == []
    ask(channels, "2", "2", "collection:*", "phx_join", {})
    assert len(list(channels.deliveries(SALE))) == 1


def test_a_stale_close_names_another_join_and_ends_nothing() -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", {})
    (close,) = map(json.loads, channels.stale_closes())
    assert close[2:] == ["collection:*", "phx_close", {}]
    assert close[0] != "1"
    assert len(list(channels.deliveries(SALE))) == 1
