import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidemark.simulator.message import Message
from tidemark.simulator.stream.channel import REJOIN_SECONDS, Channels, Request, read_request

REFS = st.none() | st.text(max_size=5) | st.integers(-9, 9)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), st.lists, max_leaves=3)
SALE = Message("item_sold", "seals", b'{"event_type":"item_sold","payload":{}}')
OK = {"status": "ok", "response": {}}


def ask(channels: Channels, *frame: Any, now: float = 0.0) -> list[Any]:
    return [json.loads(answer) for answer in channels.answer(read_request(json.dumps(frame)), now)]


def joined(*topics: str, payload: Any = None) -> Channels:
    channels = Channels()
    for ref, topic in enumerate(topics or ("collection:*",)):
        ask(channels, str(ref), str(ref), topic, "phx_join", payload or {})
    return channels


def delivered(channels: Channels, message: Message = SALE) -> list[bytes]:
    return [channels.delivery(subscription, message) for subscription in channels.receivers(message)]


@given(REFS, REFS, st.text(max_size=9), st.text(max_size=9), JSON)
def test_either_version_of_a_request_reads_the_same(
    join_ref: Any, ref: Any, topic: str, event: str, payload: Any
) -> None:
    as_object = {"join_ref": join_ref, "ref": ref, "topic": topic, "event": event, "payload": payload}
    request = Request(topic, event, payload, ref, join_ref)
    assert read_request(json.dumps([join_ref, ref, topic, event, payload])) == request
    assert read_request(json.dumps(as_object), arrays=False) == request


@given(st.text(), st.booleans())
@example(text='{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}', arrays=True)
@example(text='[null,"1","phoenix","heartbeat",{}]', arrays=False)
@example(text='[null,"1","phoenix","heartbeat"]', arrays=True)
@example(text='{"topic":"phoenix","event":"heartbeat","ref":"1"}', arrays=False)
def test_any_other_text_is_a_value_error(text: str, arrays: bool) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is the decoder's)
        read_request(text, arrays=arrays)


@pytest.mark.parametrize(("join_ref", "ref"), [("1", "2"), (1, 2)])
def test_a_join_is_answered_under_its_own_refs(join_ref: Any, ref: Any) -> None:
    assert ask(Channels(), join_ref, ref, "collection:seals", "phx_join", {}) == [
        [join_ref, ref, "collection:seals", "phx_reply", OK]
    ]


def test_a_heartbeat_is_answered_without_a_join_and_without_a_join_ref() -> None:
    assert ask(Channels(), "1", "9", "phoenix", "heartbeat", {}) == [[None, "9", "phoenix", "phx_reply", OK]]


@pytest.mark.parametrize(("topic", "event"), [("elsewhere", "phx_join"), ("collection:seals", "new_message")])
def test_an_unmatched_topic_is_refused_without_a_join_ref(topic: str, event: str) -> None:
    no = {"status": "error", "response": {"reason": "unmatched topic"}}
    assert ask(Channels(), "1", "2", topic, event, {}) == [[None, "2", topic, "phx_reply", no]]


def test_a_refused_join_carries_its_join_ref() -> None:
    request = Request("collection:seals", "phx_join", {}, "2", "1")
    answer = json.loads(Channels().reply(request, "1", "join crashed"))
    assert answer == [
        "1", "2", "collection:seals", "phx_reply", {"status": "error", "response": {"reason": "join crashed"}}
    ]  # fmt: skip


def test_a_second_join_closes_the_first_after_the_reply_and_loses_a_few_milliseconds() -> None:
    channels = joined()
    reply, close = ask(channels, "2", "2", "collection:*", "phx_join", {}, now=5.0)
    assert (reply[0], reply[3]) == ("2", "phx_reply")
    assert close == ["0", "0", "collection:*", "phx_close", {}]
    assert [json.loads(frame)[0] for frame in delivered(channels)] == ["2"]
    assert channels.subscriptions["collection:*"].starts_at == 5.0 + REJOIN_SECONDS


def test_after_a_leave_nothing_is_delivered() -> None:
    channels = joined()
    answers = ask(channels, "0", "2", "collection:*", "phx_leave", {})
    assert [answer[3] for answer in answers] == ["phx_reply", "phx_close"]
    assert delivered(channels) == []


def test_a_leave_of_an_earlier_join_does_nothing_and_one_of_no_join_is_acknowledged() -> None:
    channels = joined()
    assert ask(channels, "7", "8", "collection:*", "phx_leave", {}) == []
    assert len(delivered(channels)) == 1
    answer = ["1", "2", "collection:seals", "phx_reply", OK]
    assert ask(channels, "1", "2", "collection:seals", "phx_leave", {}) == [answer]


def test_a_message_comes_once_for_each_topic_that_it_is_for() -> None:
    channels = joined("collection:*", "collection:seals", "collection:gulls")
    frames = [json.loads(frame) for frame in delivered(channels)]
    assert [frame[:4] for frame in frames] == [
        ["0", None, "collection:*", "item_sold"],
        ["1", None, "collection:seals", "item_sold"],
    ]
    assert all(frame[4] == json.loads(SALE.body) for frame in frames)


def test_the_envelope_is_in_the_frame_byte_for_byte() -> None:
    odd = Message("item_sold", "seals", b'{ "event_type" :"item_sold","price": 1e400 }')
    for channels in (Channels(), Channels(arrays=False)):
        channels.answer(Request("collection:*", "phx_join", {}, "1", "1"), 0.0)
        (frame,) = delivered(channels, odd)
        assert odd.body in frame
        json.loads(frame)


def test_the_filter_is_the_server_s() -> None:
    channels = joined(payload={"event_types": ["item_listed"]})
    assert delivered(channels) == []
    assert len(delivered(channels, Message("item_listed", "seals", b"{}"))) == 1


@pytest.mark.parametrize("payload", [None, {}, {"event_types": []}, {"event_types": "item_sold"}, [1]])
def test_a_filter_that_is_none_lets_everything_through(payload: Any) -> None:
    channels = Channels()
    ask(channels, "1", "1", "collection:*", "phx_join", payload)
    assert len(delivered(channels)) == 1


def test_a_message_of_no_collection_goes_to_every_subscription() -> None:
    assert len(delivered(joined("collection:seals"), Message("odd", None, b"{}"))) == 1


def test_a_recorded_frame_is_delivered_unchanged() -> None:
    recorded = Message("item_sold", "seals", b"{}", frame=b"as it was")
    assert delivered(joined("collection:seals"), recorded) == [b"as it was"]


def test_version_one_has_objects() -> None:
    channels = Channels(arrays=False)
    (reply,) = channels.answer(Request("collection:*", "phx_join", {}, 1), 0.0)
    assert json.loads(reply) == {"event": "phx_reply", "payload": OK, "ref": 1, "topic": "collection:*"}
    (frame,) = delivered(channels)
    payload = json.loads(SALE.body)
    assert json.loads(frame) == {"event": "item_sold", "payload": payload, "ref": None, "topic": "collection:*"}


def test_a_crash_ends_every_channel_and_nothing_comes_until_a_join() -> None:
    channels = joined()
    assert [json.loads(frame) for frame in channels.crash("phx_error")] == [["0", "0", "collection:*", "phx_error", {}]]
    assert delivered(channels) == []
    ask(channels, "2", "2", "collection:*", "phx_join", {})
    assert len(delivered(channels)) == 1


def test_one_topic_may_crash_beside_another() -> None:
    channels = joined("collection:*", "collection:seals")
    assert [json.loads(frame)[2] for frame in channels.crash("phx_close", "collection:seals")] == ["collection:seals"]
    assert list(channels.subscriptions) == ["collection:*"]


def test_a_stale_close_names_another_join_and_ends_nothing() -> None:
    channels = joined()
    (close,) = map(json.loads, channels.stale_closes())
    assert close[2:] == ["collection:*", "phx_close", {}]
    assert close[0] != "0"
    assert len(delivered(channels)) == 1
