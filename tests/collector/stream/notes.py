"""A recorder that only remembers, and says of renewals what the test wants."""

from collector.stream.frame import Frame
from collector.stream.protocol import Event
from collector.stream.websocket import ConnectError
from tidemark.archive.reasons import Reason

OK = '[null,"1","collection:*","phx_reply",{"status":"ok"}]'


class Notes:
    """What a session and a subscriber told their recorder."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.events: list[Event] = []
        self.lost: list[tuple[int, Reason]] = []
        self.failed: list[Reason] = []
        self.handed_over: list[tuple[int, int]] = []
        self.renewal: Reason | None = None
        self.met = True
        self._numbers = 0

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def record(self, connection: int, frames: list[Frame], now: float) -> None:
        assert connection > 0 < now
        self.frames += frames

    def note(self, connection: int, event: Event, now: float) -> None:
        assert connection > 0 < now
        self.events.append(event)

    def lose(self, connection: int, reason: Reason, now: float) -> None:
        assert now > 0
        self.lost.append((connection, reason))

    def fail(self, failure: ConnectError, pause: float) -> None:
        assert pause >= 0
        self.failed.append(failure.reason)

    def wants_renewal(self, connection: int, now: float) -> Reason | None:
        assert connection > 0 < now
        return self.renewal

    def hand_over(self, old: int, new: int) -> None:
        self.handed_over.append((old, new))

    def is_met(self, old: int, new: int) -> bool:
        return self.met and (old, new) in self.handed_over
