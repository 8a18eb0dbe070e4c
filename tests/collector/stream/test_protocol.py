"""The client's side of one socket, driven by hand: no socket, no sleeping."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from collector.stream.frame import Frame
from collector.stream.protocol import Answered, ChannelLost, ChannelProtocol, Dead, Joined, JoinFailed, Left, Timers
from tidemark.archive.reasons import Reason

ALL, DOGS = "collection:*", "collection:dogs"


class Server:
    """The other side: what the client sent, and answers to it."""

    def __init__(self, *topics: str, **more: Any) -> None:
        self.talk = ChannelProtocol(topics or (ALL,), timers=Timers(30, 10), chance=lambda: 0.5, **more)
        self.talk.opened(0.0)
        self.sent: list[list[Any]] = []
        self.hear()

    def hear(self) -> list[list[Any]]:
        frames = [json.loads(frame) for frame in self.talk.take_sends()]
        self.sent += frames
        return frames

    def last(self, event: str, topic: str = ALL) -> list[Any]:
        return [frame for frame in self.sent if frame[3] == event and frame[2] == topic][-1]

    def log(self, *frame: Any, now: float = 1.0) -> int:
        return len(self.talk.receive([json.dumps(frame).encode()], now))

    def reply(self, request: list[Any], status: str = "ok", *, now: float = 1.0, join_ref: str | None = "same") -> None:
        answered = request[0] if join_ref == "same" else join_ref
        self.log(answered, request[1], request[2], "phx_reply", {"status": status, "response": {}}, now=now)

    def joined(self) -> "Server":
        for topic in dict.fromkeys(frame[2] for frame in self.sent if frame[3] == "phx_join"):
            self.reply(self.last("phx_join", topic))
        self.talk.take_events()
        return self

    def tick(self, now: float) -> list[Any]:
        self.talk.tick(now)
        self.hear()
        return self.talk.take_events()


def test_every_topic_is_joined_with_its_filter() -> None:
    server = Server(ALL, DOGS, event_types=["item_sold"])
    assert server.sent == [
        ["1", "1", ALL, "phx_join", {"event_types": ["item_sold"]}],
        ["2", "2", DOGS, "phx_join", {"event_types": ["item_sold"]}],
    ]
    assert not server.talk.settled
    server.reply(server.sent[0])
    assert server.talk.take_events() == [Answered(None), Joined(ALL)]
    server.reply(server.sent[1])
    assert server.talk.take_events() == [Joined(DOGS)]
    assert server.talk.settled


def test_messages_are_kept() -> None:
    server = Server().joined()
    for join_ref in (None, "1", "an old one"):
        assert server.log(join_ref, None, ALL, "item_sold", {"event_type": "item_sold"}, now=5.0) == 1


def test_control_frames_are_not_messages_and_nonsense_is_kept() -> None:
    server = Server().joined()
    assert server.log(None, "9", "phoenix", "phx_reply", {"status": "ok"}) == 0
    assert server.talk.receive([b"garbage", b"\x00"], 2.0) == [
        Frame(None, None, None, None, Raw(b"garbage")),
        Frame(None, None, None, None, Raw(b"\x00")),
    ]
    assert server.talk.take_events() == []


def test_a_heartbeat_is_sent_every_thirty_seconds_and_its_answer_is_an_event() -> None:
    server = Server().joined()
    assert server.tick(29.9) == []
    assert server.tick(30.0) == []
    beat = server.last("heartbeat", "phoenix")
    assert beat == [None, "2", "phoenix", "heartbeat", {}]
    server.reply(beat, now=30.2)
    assert server.talk.take_events() == [Answered(30.0)]
    assert server.tick(60.0) == []
    assert server.last("heartbeat", "phoenix")[1] == "3"


def test_an_unanswered_heartbeat_means_a_dead_socket() -> None:
    server = Server().joined()
    server.tick(30.0)
    assert server.tick(59.9) == []
    assert server.tick(60.0) == [Dead("heartbeat_unanswered")]


def test_a_slow_server_that_still_sends_is_not_dead() -> None:
    server = Server().joined()
    server.tick(30.0)
    server.log(None, None, ALL, "item_sold", {}, now=45.0)
    assert server.tick(60.0) == []
    assert server.tick(90.0) == [Dead("heartbeat_unanswered")]


def test_a_join_without_answer_is_tried_again() -> None:
    server = Server()
    assert server.tick(9.9) == []
    assert server.tick(10.0) == [JoinFailed(ALL, "join_unanswered")]
    first = server.sent[-1]
    server.tick(10.2)
    second = server.last("phx_join")
    assert second[:2] == ["2", "2"]
    server.reply(first)
    assert server.talk.take_events() == [Answered(None)]
    server.reply(second)
    assert server.talk.take_events() == [Joined(ALL)]


def test_an_answer_that_comes_late_but_before_the_next_try_counts() -> None:
    server = Server()
    server.tick(10.0)
    server.talk.take_events()
    server.reply(server.sent[-1])
    assert server.talk.take_events() == [Answered(None), Joined(ALL)]
    assert server.tick(29.0) == []
    assert len([frame for frame in server.sent if frame[3] == "phx_join"]) == 1


@pytest.mark.parametrize("join_ref", ["same", None])
def test_a_refused_join_is_tried_again_soon_and_then_ever_more_slowly(join_ref: str | None) -> None:
    server, now, pauses = Server(), 1.0, []
    for _ in range(6):
        server.reply(server.last("phx_join"), "error", join_ref=join_ref, now=now)
        assert JoinFailed(ALL, Reason.JOIN_REFUSED) in server.talk.take_events()
        refused, before = now, server.last("phx_join")
        while server.last("phx_join") == before:
            now += 0.25
            server.tick(now)
        pauses.append(now - refused)
    assert pauses == [0.75, 1.5, 3.75, 7.5, 22.5, 45.0]
    server.reply(server.last("phx_join"), now=now)
    assert Joined(ALL) in server.talk.take_events()


@pytest.mark.parametrize(("event", "reason"), [("phx_error", "channel_error"), ("phx_close", "channel_closed")])
@pytest.mark.parametrize("join_ref", ["1", None])
def test_a_channel_that_dies_is_joined_again(event: str, reason: str, join_ref: str | None) -> None:
    server = Server(ALL, DOGS).joined()
    server.log(join_ref, None, ALL, event, {})
    assert server.talk.take_events() == [ChannelLost(ALL, reason)]
    server.tick(2.0)
    assert server.last("phx_join")[:3] == ["3", "3", ALL]
    server.reply(server.last("phx_join"))
    assert server.talk.take_events() == [Joined(ALL)]


def test_a_channel_that_dies_at_once_is_joined_ever_more_slowly_until_it_lives() -> None:
    server, now, pauses = Server().joined(), 1.0, []
    for lived in (0.125, 0.125, 0.125, 0.125, 60.0, 0.125):
        now += lived
        server.log(None, None, ALL, "phx_error", {}, now=now)
        died, before = now, server.last("phx_join")
        while server.last("phx_join") == before:
            now += 0.0625
            server.tick(now)
        pauses.append(now - died)
        server.reply(server.last("phx_join"), now=now)
    assert pauses == [0.1875, 0.375, 0.75, 1.5, 0.1875, 0.375]


def test_the_end_of_an_old_join_is_ignored() -> None:
    server = Server().joined()
    server.log("1", None, ALL, "phx_error", {})
    server.tick(2.0)
    server.reply(server.last("phx_join"))
    server.talk.take_events()
    server.log("1", "1", ALL, "phx_close", {})
    server.log("1", None, ALL, "phx_error", {})
    server.talk.receive([b'{"topic":"collection:*","event":"phx_close","payload":{},"ref":"1"}'], 3.0)
    assert server.talk.take_events() == []
    assert server.talk.settled


def test_object_frames_are_understood() -> None:
    server = Server()
    server.talk.receive([b'{"topic":"collection:*","event":"phx_reply","payload":{"status":"ok"},"ref":"1"}'], 1.0)
    assert server.talk.take_events() == [Answered(None), Joined(ALL)]
    server.talk.receive([b'{"topic":"collection:*","event":"phx_close","payload":{},"ref":"1"}'], 2.0)
    assert server.talk.take_events() == [ChannelLost(ALL, "channel_closed")]


def test_topics_change_without_touching_the_others() -> None:
    server = Server(ALL, DOGS).joined()
    server.talk.want([DOGS, "collection:cats"], 5.0)
    assert [frame[2:4] for frame in server.hear()] == [[ALL, "phx_leave"], ["collection:cats", "phx_join"]]
    leave = server.last("phx_leave")
    assert leave[0] == "1"
    server.reply(leave, now=6.0)
    server.log("1", None, ALL, "phx_close", {}, now=6.0)
    server.reply(server.last("phx_join", "collection:cats"), now=6.0)
    assert server.talk.take_events() == [Left(ALL), Joined("collection:cats")]
    assert server.talk.settled


def test_a_topic_can_come_back_while_it_is_being_left() -> None:
    server = Server().joined()
    server.talk.want([DOGS], 5.0)
    server.talk.want([ALL, DOGS], 5.1)
    server.hear()
    assert server.last("phx_join")[0] != "1"
    server.reply(server.last("phx_leave"), now=6.0)
    server.log("1", None, ALL, "phx_close", {}, now=6.0)
    server.reply(server.last("phx_join"), now=6.0)
    assert server.talk.take_events() == [Left(ALL), Joined(ALL)]


def test_a_leave_without_answer_ends_by_itself() -> None:
    server = Server(ALL, DOGS).joined()
    server.talk.want([DOGS], 5.0)
    server.hear()
    assert server.tick(15.0) == [Left(ALL)]
    assert server.talk.settled


def test_a_heartbeat_can_be_sent_at_any_time() -> None:
    server = Server().joined()
    server.talk.ask(12.0)
    server.hear()
    assert server.tick(41.9) == []
    server.reply(server.last("heartbeat", "phoenix"), now=12.5)
    assert server.talk.take_events() == [Answered(12.0)]
    assert server.tick(42.0) == []
    assert server.last("heartbeat", "phoenix")[1] == "3"


def test_a_server_that_answers_with_whole_numbers_is_understood() -> None:
    server = Server()
    server.log(1, 1, ALL, "phx_reply", {"status": "ok"})
    assert server.talk.take_events() == [Answered(None), Joined(ALL)]
    server.log(1, None, ALL, "phx_error", {})
    assert server.talk.take_events() == [ChannelLost(ALL, Reason.CHANNEL_ERROR)]


frames = st.one_of(
    st.binary(max_size=30),
    st.tuples(
        st.sampled_from([None, "1", "2", "9"]),
        st.sampled_from([None, "1", "2", "3", "9"]),
        st.sampled_from([ALL, DOGS, "phoenix", "collection:other"]),
        st.sampled_from(["phx_reply", "phx_error", "phx_close", "item_sold", "heartbeat", "phx_join"]),
        st.sampled_from([{"status": "ok"}, {"status": "error"}, {}, None, 7]),
    ).map(lambda frame: json.dumps(frame).encode()),
)
steps = st.one_of(
    st.tuples(st.just("receive"), frames),
    st.tuples(st.just("tick"), st.floats(0, 40)),
    st.tuples(st.just("want"), st.sets(st.sampled_from([ALL, DOGS, "collection:cats"]))),
)


@given(st.lists(steps, max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_server_can_break_it(story: list[tuple[str, Any]]) -> None:
    server, now = Server(ALL, DOGS), 0.0
    for what, argument in story:
        if what == "receive":
            server.talk.receive([argument], now)
        elif what == "tick":
            now += argument
            server.tick(now)
        else:
            server.talk.want(sorted(argument), now)
    assert len(server.talk.take_sends()) <= 3 * len(story) + 3
