"""Back-off: growing pauses with full jitter and a cap."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next attempt, in seconds.

    The bound doubles from `first` up to `cap`; a pause is drawn evenly between `least` and the bound, so that many
    clients that were cut at once do not return at once.
    """

    first: float
    cap: float
    least: float = 0.0
    attempts: int = 0

    def pause(self, chance: float) -> float:
        """Return the next pause; `chance` is a random number in [0, 1)."""
        bound = min(self.cap, self.first * 2.0 ** min(self.attempts, 60))
        self.attempts += 1
        return self.least + max(0.0, bound - self.least) * chance

    def reset(self) -> None:
        """Begin anew; called only once the server has answered and stayed."""
        self.attempts = 0


def quick() -> Backoff:
    """Return the pauses after a loss: short, since every second is a gap."""
    return Backoff(first=0.25, cap=10.0)


def patient() -> Backoff:
    """Return the pauses after a refusal, which only a person can end: never less than half a minute."""
    return Backoff(first=60.0, cap=900.0, least=30.0)
