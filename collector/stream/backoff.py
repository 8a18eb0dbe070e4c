"""Back-off: growing pauses with jitter and a cap."""

from dataclasses import dataclass

LOSS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""After a loss, in seconds: short, since every second is a gap."""

REFUSAL = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0)
"""After a refusal, which is often temporary."""

KEY_REFUSAL = (60.0, 120.0, 240.0, 480.0, 900.0)
"""After a refusal of the key, which only a person can end."""


@dataclass(slots=True)
class Backoff:
    """How long to wait before the next attempt, in seconds: each step once, then always the last.

    A pause is between half a step and the whole step, so that clients that were cut together do not reconnect together.
    """

    steps: tuple[float, ...]
    attempts: int = 0

    def pause(self, chance: float) -> float:
        """Return the next pause; `chance` is a random number in [0, 1)."""
        step = self.steps[min(self.attempts, len(self.steps) - 1)]
        self.attempts += 1
        return step * (0.5 + 0.5 * chance)

    def reset(self) -> None:
        """Begin with the first step again; called only once a connection was answered and lasted."""
        self.attempts = 0
