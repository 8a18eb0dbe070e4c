"""One topic on one socket: its states, and the one table of their transitions."""

from dataclasses import dataclass
from enum import Enum, auto


class State(Enum):
    """The state of a channel."""

    JOINING = auto()
    JOINED = auto()
    FAILED = auto()
    REFUSED = auto()
    LEAVING = auto()
    LEFT = auto()


class Input(Enum):
    """What can happen to a channel."""

    OK = auto()
    DENIED = auto()
    ERROR = auto()
    CLOSE = auto()
    TIMEOUT = auto()
    RETRY = auto()
    LEAVE = auto()


TRANSITIONS: dict[tuple[State, Input], State] = {
    (State.JOINING, Input.OK): State.JOINED,
    (State.JOINING, Input.DENIED): State.REFUSED,
    (State.JOINING, Input.ERROR): State.FAILED,
    (State.JOINING, Input.CLOSE): State.FAILED,
    (State.JOINING, Input.TIMEOUT): State.FAILED,
    (State.JOINING, Input.LEAVE): State.LEAVING,
    (State.JOINED, Input.ERROR): State.FAILED,
    (State.JOINED, Input.CLOSE): State.FAILED,
    (State.JOINED, Input.LEAVE): State.LEAVING,
    (State.FAILED, Input.OK): State.JOINED,  # the answer came after the time-out
    (State.FAILED, Input.DENIED): State.REFUSED,
    (State.FAILED, Input.ERROR): State.FAILED,
    (State.FAILED, Input.CLOSE): State.FAILED,
    (State.FAILED, Input.RETRY): State.JOINING,
    (State.FAILED, Input.LEAVE): State.LEFT,
    (State.REFUSED, Input.ERROR): State.REFUSED,
    (State.REFUSED, Input.CLOSE): State.REFUSED,
    (State.REFUSED, Input.RETRY): State.JOINING,
    (State.REFUSED, Input.LEAVE): State.LEFT,
    (State.LEAVING, Input.OK): State.LEFT,
    (State.LEAVING, Input.DENIED): State.LEFT,
    (State.LEAVING, Input.ERROR): State.LEFT,
    (State.LEAVING, Input.CLOSE): State.LEFT,
    (State.LEAVING, Input.TIMEOUT): State.LEFT,
}


class ImpossibleError(Exception):
    """An input came in a state in which the machine never gives it: a fault of Tidemark."""


@dataclass(slots=True)
class Channel:
    """A topic, its state, and what it waits for.

    `ref` is that of the request without an answer, `timer` the time at which the timeout or the pause ends, both None
    where there is none. `attempts` counts the pauses since it last lived for a while.
    """

    topic: str
    join_ref: str
    ref: str | None
    timer: float | None
    state: State = State.JOINING
    attempts: int = 0
    joined_at: float = 0.0

    def take(self, happened: Input) -> State:
        """Move on and return the new state. Raises ImpossibleError for a pair that the table does not list."""
        try:
            self.state = TRANSITIONS[self.state, happened]
        except KeyError:
            raise ImpossibleError(f"{happened.name} while {self.state.name}") from None
        return self.state
