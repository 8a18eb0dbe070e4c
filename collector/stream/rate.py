"""How much a topic usually brings, and how surprising a silence of it is. Pure."""

from dataclasses import dataclass
from math import exp, expm1, log1p

MEMORY = 900.0
KNOWN = 100.0
PRIOR = 5.0
YOUNG, WINDOW, BURST = 20.0, 5.0, 8.0
LONGEST_COUNTED = 300.0
SURPRISING = 10.0
PAUSES_IN, STEP = 2.0, 1.1
AGEING_AFTER, AGEING = 3600.0, 6 * 3600.0


@dataclass(slots=True)
class Rate:
    """Messages and the seconds in which they came, both fading, so that the latest quarter of an hour weighs most.

    A slow topic is remembered for as long as it takes to bring a hundred messages. Of what comes within five seconds
    no more counts than eight times the usual, so that a topic whose messages come in bursts does not pass for busy.
    `pause` is the longest pause that is usual within two seconds.
    """

    messages: float = 0.0
    seconds: float = 0.0
    pause: float = 0.0
    _longest: float = 0.0
    _longest_at: float = 0.0
    _window: float = 0.0
    _counted: float = 0.0

    def heard(self, messages: int, passed: float) -> None:
        """Take note of messages, and of the seconds since those before.

        Of a silence that is implausible only the first five minutes count: an outage must not pass for a low rate.
        """
        if passed > LONGEST_COUNTED:
            passed = min(passed, max(LONGEST_COUNTED, self.plausible()))
        self._window += passed
        if self._window >= WINDOW:
            self._window = self._counted = 0.0
        counted = float(messages)
        if self.seconds > YOUNG:
            counted = min(counted, max(0.0, max(1.0, BURST * WINDOW * self.messages / self.seconds) - self._counted))
        self._counted += counted
        memory = max(MEMORY, KNOWN * self.seconds / self.messages) if self.messages else MEMORY
        fade = exp(-passed / memory)
        self.messages = self.messages * fade + counted
        self.seconds = self.seconds * fade + passed

    def paused(self, seconds: float, now: float) -> None:
        """Take note of a pause between two messages; follow the median of the longest one in every two seconds.

        It moves in small steps, so that faults, which are rare, hardly change it.
        """
        self._longest = max(self._longest, seconds)
        if now - self._longest_at >= PAUSES_IN:
            self.pause = self.pause * (STEP if self._longest > self.pause else 1 / STEP) or self._longest
            self._longest, self._longest_at = 0.0, now

    def surprise(self, silence: float) -> float:
        """Return how surprising a silence of some seconds is: minus the logarithm of its probability.

        For messages that come independently of each other at a rate that was learned from `messages` in `seconds`.
        A silence of many hours ages what was learned: at last it is the topic's new rate.
        """
        messages = self.messages
        if silence > AGEING_AFTER:
            messages *= exp((AGEING_AFTER - silence) / max(AGEING, self.seconds))
        return messages * log1p(max(0.0, silence) / (self.seconds + PRIOR))

    def plausible(self) -> float:
        """Return the seconds of the longest silence that is still plausible; a century where nothing is known."""
        return (self.seconds + PRIOR) * expm1(min(15.0, SURPRISING / self.messages)) if self.messages else 3e9
