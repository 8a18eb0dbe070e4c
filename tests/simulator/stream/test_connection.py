import json
from itertools import pairwise
from typing import Any

import pytest

from tidemark.simulator.fault_schedule import FaultSchedule
from tidemark.simulator.faults import (
    Binary,
    Close,
    CrashChannel,
    CrashJoin,
    Duplicate,
    Fault,
    Garbage,
    Giant,
    HalfOpen,
    IgnoreHeartbeat,
    IgnoreJoin,
    Lossy,
    PingFlood,
    RefuseJoin,
    Reset,
    Shuffle,
    Silence,
    Slow,
    StaleClose,
    UnknownEvent,
)
from tidemark.simulator.message import Message
from tidemark.simulator.stream.channel import Channels
from tidemark.simulator.stream.connection import BACKLOG, Connection
from tidemark.simulator.stream.send_queue import Opcode

AT = "2026-11-22T15:00:00.000000Z"
IDLE = 60.0


class World:
    """A connection of `a` and what fired on it, at time 0."""

    def __init__(self, *faults: Fault) -> None:
        self.fired: list[str] = []
        self.faults = FaultSchedule(lambda fault, client, connection: self.fired.append(fault.name))
        for fault in faults:
            self.faults.add(fault, 0.0)
        self.connection = Connection(7, "a", Channels(), self.faults, 0.0)

    def join(self, now: float = 0.0) -> list[Any]:
        self.connection.receive('["1","1","collection:*","phx_join",{}]', now)
        return self.taken(now)

    def tick(self, now: float = 0.0) -> list[Any]:
        self.connection.tick(now, AT, IDLE)
        return self.taken(now)

    def taken(self, now: float) -> list[Any]:
        return [json.loads(queued.frame) for queued in self.connection.take(now)]

    def offer(self, *numbers: int, now: float = 0.0) -> list[int]:
        for number in numbers:
            self.connection.publish(Message("item_sold", "seals", str(number).encode()), now, AT)
        return [frame[4] for frame in self.taken(now)]


def joined(*faults: Fault) -> World:
    world = World(*faults)
    world.join()
    return world


def test_messages_come_after_a_join_and_in_order() -> None:
    world = World()
    assert world.offer(1) == []
    assert [frame[3] for frame in world.join()] == ["phx_reply"]
    assert world.offer(1, 2, 3) == [1, 2, 3]
    assert world.fired == []


def test_nonsense_from_the_client_ends_the_connection() -> None:
    world = joined()
    world.connection.receive("{", 0.0)
    assert world.connection.ending == Close(code=1011)


def test_a_client_that_sends_nothing_for_too_long_is_closed_whatever_it_is_sent() -> None:
    world = joined()
    world.offer(1, now=59.0)
    world.tick(60.0)
    assert world.connection.ending is None
    world.tick(60.1)
    assert world.connection.ending == Close(code=1000)


def test_a_join_may_stay_without_an_answer_and_without_effect() -> None:
    world = World(IgnoreJoin())
    assert world.join() == []
    assert world.offer(1) == []
    assert [frame[3] for frame in world.join()] == ["phx_reply"]
    assert world.fired == ["ignore_join"]


def test_a_join_may_be_refused() -> None:
    world = World(RefuseJoin(reason="no such thing"))
    (answer,) = world.join()
    assert answer[4] == {"status": "error", "response": {"reason": "no such thing"}}
    assert world.offer(1) == []
    assert world.fired == ["refuse_join"]


def test_heartbeats_may_stay_unanswered_for_a_time_while_events_go_on() -> None:
    world = joined(IgnoreHeartbeat(seconds=30.0))
    heartbeat = '[null,"9","phoenix","heartbeat",{}]'
    world.connection.receive(heartbeat, 1.0)
    assert world.offer(1, now=1.0) == [1]
    world.connection.receive(heartbeat, 30.0)
    assert [frame[2] for frame in world.taken(30.0)] == ["phoenix"]
    assert world.fired == ["ignore_heartbeat"]


@pytest.mark.parametrize("ending", [Close(code=1002), Reset()])
def test_a_connection_may_be_ended(ending: Fault) -> None:
    world = World(ending)
    world.tick()
    assert world.connection.ending is None
    world.join()
    world.tick()
    assert world.connection.ending == ending


def test_a_channel_may_crash_while_the_socket_stays_open() -> None:
    world = joined(CrashChannel())
    assert [frame[3] for frame in world.tick()] == ["phx_error"]
    assert world.offer(1) == []
    world.join()
    assert world.tick() == []
    assert world.offer(2) == [2]


def test_a_stale_close_ends_nothing() -> None:
    world = joined(StaleClose())
    assert [frame[3] for frame in world.tick()] == ["phx_close"]
    assert world.offer(1) == [1]


def test_nonsense_may_be_sent_and_counts_as_a_message() -> None:
    world = joined(Garbage(text='{"half": '), Binary(size=3))
    world.connection.tick(0.0, AT, IDLE)
    garbage, binary = world.connection.take(0.0)
    assert (garbage.frame, garbage.opcode) == (b'{"half": ', Opcode.TEXT)
    assert (binary.frame, binary.opcode) == (bytes(3), Opcode.BINARY)
    assert [queued.message and queued.message.event_type for queued in (garbage, binary)] == ["unparsed"] * 2


def test_a_message_may_be_giant_or_of_an_unknown_type() -> None:
    world = joined(Giant(size=100_000), UnknownEvent(event_type="item_teleported"))
    giant, unknown = world.tick()
    assert len(giant[4]["payload"]["description"]) == 100_000
    assert (unknown[3], unknown[4]["event_type"]) == ("item_teleported", "item_teleported")


def test_messages_may_be_doubled() -> None:
    world = joined(Duplicate(times=2))
    assert world.offer(1, 2, 3) == [1, 1, 2, 2, 3]
    assert world.fired == ["duplicate"] * 2


def test_messages_may_be_reversed() -> None:
    world = joined(Shuffle(messages=3))
    assert world.offer(1, 2) == []
    assert world.offer(3, 4) == [3, 2, 1, 4]
    assert world.fired == ["shuffle"]


def test_one_reversal_ends_before_the_next_begins() -> None:
    world = joined(Shuffle(messages=2, times=2))
    assert world.offer(1, 2, 3, 4, 5) == [2, 1, 4, 3, 5]


def test_in_silence_heartbeats_are_answered_and_what_happens_is_never_sent() -> None:
    world = joined(Silence(seconds=10.0))
    world.tick(1.0)
    assert world.offer(1, now=10.9) == []
    world.connection.receive('[null,"9","phoenix","heartbeat",{}]', 10.9)
    assert [frame[2] for frame in world.taken(10.9)] == ["phoenix"]
    assert world.offer(2, now=11.0) == [2]


def test_a_share_may_be_lost_and_each_connection_loses_others() -> None:
    kept = []
    for number in (1, 2):
        world = World(Lossy(share=0.3, seconds=10.0))
        world.connection = Connection(number, "a", Channels(), world.faults, 0.0)
        world.join()
        world.tick()
        kept.append(set(world.offer(*range(1000))))
        assert world.offer(1, 2, 3, now=10.0) == [1, 2, 3]
    assert all(620 < len(numbers) < 780 for numbers in kept)
    assert 400 < len(kept[0] & kept[1]) < 580


def test_half_open_nothing_is_written_and_the_idle_rule_sleeps() -> None:
    world = joined(HalfOpen())
    world.tick(1.0)
    assert world.offer(1, now=2.0) == []
    world.tick(1000.0)
    assert world.connection.ending is None


def test_half_open_may_end_and_what_waited_comes() -> None:
    world = joined(HalfOpen(seconds=5.0))
    world.tick(1.0)
    assert world.offer(1, now=2.0) == []
    assert world.offer(2, now=6.0) == [1, 2]


def test_a_slow_server_sends_late_and_loses_nothing() -> None:
    world = joined(Slow(bytes_per_second=60))
    world.tick(0.0)
    assert world.offer(*range(10), now=0.0) == []
    assert world.offer(now=1.0) == [0, 1]
    later = [number for second in range(2, 9) for number in world.offer(now=float(second))]
    assert later == list(range(2, 10))


def test_a_client_that_cannot_keep_up_is_given_up() -> None:
    world = joined(HalfOpen())
    world.tick()
    message = Message("item_sold", "seals", b"1")
    for _ in range(BACKLOG + 1):
        world.connection.publish(message, 0.0, AT)
    assert world.connection.ending == Reset()


def test_a_fault_that_needs_a_subscription_waits_for_one() -> None:
    world = joined(CrashChannel(), UnknownEvent(after=1.0))
    world.tick(0.0)
    world.tick(2.0)
    assert world.fired == ["crash_channel"]
    world.join(2.0)
    world.tick(2.0)
    assert world.fired == ["crash_channel", "unknown_event"]


def missed(world: World) -> list[tuple[int, str]]:
    return [(int(miss.message.body), miss.cause) for miss in world.connection.missed]


def with_topics(*faults: Fault) -> World:
    world = World(*faults)
    for ref, topic in enumerate(("collection:*", "collection:seals")):
        world.connection.receive(json.dumps([str(ref), str(ref), topic, "phx_join", {}]), 0.0)
    world.tick()
    return world


def test_one_topic_may_be_silent_beside_another() -> None:
    for topic, other in (("collection:*", "collection:seals"), ("collection:seals", "collection:*")):
        world = with_topics(Silence(topic=topic))
        world.connection.publish(Message("item_sold", "seals", b"1"), 0.0, AT)
        assert [frame[2] for frame in world.taken(0.0)] == [other]
        assert [(miss.topic, miss.at, miss.cause) for miss in world.connection.missed] == [(topic, AT, "silence")]


def test_what_a_silence_or_a_loss_swallows_is_written_down() -> None:
    world = joined(Silence(seconds=10.0), Lossy(after=20.0, share=1.0))
    world.tick(1.0)
    world.offer(1, now=2.0)
    world.tick(20.0)
    world.offer(2, now=20.0)
    assert missed(world) == [(1, "silence"), (2, "lossy")]


def test_losses_may_come_in_runs() -> None:
    world = joined(Lossy(share=0.1, burst=20))
    world.tick()
    kept = set(world.offer(*range(20_000)))
    lost = sorted(set(range(20_000)) - kept)
    runs = 1 + sum(later > earlier + 1 for earlier, later in pairwise(lost))
    assert 1_300 < len(lost) < 2_800
    assert 13 < len(lost) / runs < 30


def test_the_send_queue_ends_with_its_connection() -> None:
    world = joined(Slow(bytes_per_second=60))
    world.tick(0.0)
    world.offer(1, 2, 3, now=0.0)
    assert world.offer(now=1.0) == [1, 2]
    world.connection.close()
    assert missed(world) == [(3, "queue")]
    assert world.connection.missed[0].at == AT


def test_what_was_held_back_ends_with_the_connection_too() -> None:
    world = joined(Shuffle(messages=3))
    world.offer(1, 2)
    world.connection.close()
    assert missed(world) == [(1, "queue"), (2, "queue")]


def test_heartbeats_wait_in_the_send_queue_of_a_slow_server() -> None:
    world = joined(Slow(bytes_per_second=60))
    world.tick(0.0)
    world.offer(1, 2, 3, now=0.0)
    world.connection.receive('[null,"9","phoenix","heartbeat",{}]', 0.0)
    assert [frame[2] for frame in world.taken(1.0)] == ["collection:*"] * 2
    assert [frame[2] for frame in world.taken(2.0)] == ["collection:*", "phoenix"]


def test_a_lasting_fault_begins_once_on_each_connection() -> None:
    world = joined(Slow(times=2, bytes_per_second=60))
    for now in (0.0, 1.0, 2.0):
        world.tick(now)
    assert world.fired == ["slow"]
    world.connection = Connection(8, "a", Channels(), world.faults, 0.0)
    world.join()
    world.tick()
    assert world.fired == ["slow", "slow"]


def test_a_closed_connection_that_stays_open_is_sent_nothing() -> None:
    world = joined()
    world.connection.close()
    assert world.offer(1) == []
    assert missed(world) == [(1, "close")]


def test_a_second_join_misses_what_is_published_while_the_channel_starts() -> None:
    world = joined()
    world.join(now=5.0)
    assert world.offer(1, now=5.005) == []
    assert world.offer(2, now=5.02) == [2]
    assert missed(world) == [(1, "rejoin")]


def test_a_join_may_crash_once_and_the_next_try_succeeds() -> None:
    world = World(CrashJoin())
    (answer,) = world.join()
    assert (answer[0], answer[4]) == ("1", {"status": "error", "response": {"reason": "join crashed"}})
    (answer,) = world.join()
    assert answer[4]["status"] == "ok"


def test_pings_may_come_in_a_flood() -> None:
    world = joined(PingFlood(pings=26_000))
    world.connection.tick(0.0, AT, IDLE)
    taken = world.connection.take(0.0)
    assert len(taken) == 26_000
    assert {queued.opcode for queued in taken} == {Opcode.PING}


def test_the_same_seed_loses_the_same_messages() -> None:
    kept = []
    for seed in (1, 1, 2):
        world = World(Lossy(share=0.3))
        world.connection = Connection(7, "a", Channels(), world.faults, 0.0, seed=seed)
        world.join()
        world.tick()
        kept.append(world.offer(*range(200)))
    assert kept[0] == kept[1] != kept[2]
