from tidemark.simulator.message import Message
from tidemark.simulator.stream.outbox import Outbox, Outgoing


def frames(*contents: bytes) -> list[Outgoing]:
    return [Outgoing(content, Message("item_sold", None, content)) for content in contents]


def taken(outbox: Outbox, room: float = 1000) -> list[bytes]:
    return [outgoing.frame for outgoing in outbox.take(room)]


def test_what_waits_comes_in_order_and_once() -> None:
    outbox = Outbox()
    outbox.add(frames(b"1"))
    outbox.answer([b"2"])
    outbox.add(frames(b"3", b"4"))
    assert len(outbox) == 4
    assert taken(outbox) == [b"1", b"2", b"3", b"4"]
    assert taken(outbox) == []


def test_the_last_frame_may_overfill_the_room() -> None:
    outbox = Outbox()
    outbox.add(frames(b"aaaa", b"bbbb", b"cccc"))
    assert taken(outbox, 0) == []
    assert taken(outbox, 5) == [b"aaaa", b"bbbb"]
    assert taken(outbox, 1) == [b"cccc"]


def test_messages_are_held_back_and_answers_are_not() -> None:
    outbox = Outbox()
    outbox.hold(3)
    outbox.add(frames(b"1"))
    outbox.add(frames(b"2a", b"2b"))
    outbox.answer([b"reply"])
    assert taken(outbox) == [b"reply"]
    outbox.add(frames(b"3"))
    outbox.add(frames(b"4"))
    assert taken(outbox) == [b"3", b"2a", b"2b", b"1", b"4"]
