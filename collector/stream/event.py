"""What a conversation tells its owner."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answered:
    """The server answered for the first time on this socket."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The server acknowledged a join; the topic's messages come from now on."""

    topic: str


@dataclass(frozen=True, slots=True)
class JoinFailed:
    """A join was refused or not answered; it is tried again."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelLost:
    """A joined topic died while the socket stays open; it is joined again."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """The socket is of no use any more, though it looks open; cut it."""

    reason: str


Event = Answered | Joined | JoinFailed | ChannelLost | Dead
