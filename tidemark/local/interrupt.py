"""Ctrl-C and its relatives as KeyboardInterrupt, but never in the middle of a start or of the end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While it is open, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread.

    Inside `held` they wait for its end: a program that was just started is then known, and can be stopped.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False

    def __enter__(self) -> Self:
        self._former = {number: signal.signal(number, self._take) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let interrupts wait until the block is done."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and not self._depth:
            self._pending = False
            raise KeyboardInterrupt

    def _take(self, *_: object) -> None:
        if self._depth:
            self._pending = True
        else:
            raise KeyboardInterrupt
