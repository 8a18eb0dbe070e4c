from tidemark.simulator.message import Message
from tidemark.simulator.stream.send_queue import QueuedFrame, SendQueue, Throttle


def frames(*contents: bytes) -> list[QueuedFrame]:
    return [QueuedFrame(content, Message("item_sold", None, content)) for content in contents]


def taken(send_queue: SendQueue, room: float = 1000) -> list[bytes]:
    return [queued.frame for queued in send_queue.take(room)]


def test_what_waits_comes_in_order_and_once() -> None:
    send_queue = SendQueue()
    send_queue.add(frames(b"1"))
    send_queue.answer([b"2"])
    send_queue.add(frames(b"3", b"4"))
    assert len(send_queue) == 4
    assert taken(send_queue) == [b"1", b"2", b"3", b"4"]
    assert taken(send_queue) == []


def test_the_last_frame_may_overfill_the_room() -> None:
    send_queue = SendQueue()
    send_queue.add(frames(b"aaaa", b"bbbb", b"cccc"))
    assert taken(send_queue, 0) == []
    assert taken(send_queue, 5) == [b"aaaa", b"bbbb"]
    assert taken(send_queue, 1) == [b"cccc"]


def test_messages_are_held_back_and_answers_are_not() -> None:
    send_queue = SendQueue()
    send_queue.hold(3)
    send_queue.add(frames(b"1"))
    send_queue.add(frames(b"2a", b"2b"))
    send_queue.answer([b"reply"])
    assert taken(send_queue) == [b"reply"]
    send_queue.add(frames(b"3"))
    send_queue.add(frames(b"4"))
    assert taken(send_queue) == [b"3", b"2a", b"2b", b"1", b"4"]


def test_the_room_grows_with_time_up_to_a_second_s_worth() -> None:
    throttle = Throttle(100, now=10.0)
    assert throttle.room(10.0) == 0
    assert throttle.room(10.5) == 50
    assert throttle.room(99.0) == 100


def test_a_large_frame_leaves_a_debt() -> None:
    throttle = Throttle(100, now=0.0)
    throttle.room(1.0)
    throttle.spend(250)
    assert throttle.room(2.0) == -50
    assert throttle.room(3.0) == 50
