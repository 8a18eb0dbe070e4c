"""Work in the background, and interrupts (Ctrl-C, SIGTERM) that wait until a start or a stop is complete."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

import psutil

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WAIT = 0.2  # seconds


class Background(Generic[T]):
    """A function that runs in a thread of its own from `start` on. `result` raises the function's error."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._error: BaseException | None = None
        self._before: set[psutil.Process] = set()
        self._thread = Thread(target=self._run, name="background")

    def start(self) -> Self:
        """Run the function."""
        self._before = set(psutil.Process().children())
        self._thread.start()
        return self

    def _run(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._error = error

    @property
    def running(self) -> bool:
        """Whether the function has not ended."""
        return self._thread.is_alive()

    def result(self) -> T:
        """Wait for the function's end and return what it returned."""
        while self.running:  # in short waits, because a join without a timeout blocks Ctrl-C
            self._thread.join(_WAIT)
        if self._error:
            raise self._error
        return self._value

    def abandon(self) -> None:
        """End the function by ending the programs that it waits for: every child that is younger than it."""
        while self.running:
            for child in set(psutil.Process().children()) - self._before:
                child.terminate()
            self._thread.join(_WAIT)


class Interrupts:
    """While it is open, SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread.

    Inside `held` they wait for its end, so that a program that was just started can be stopped.
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
        """Delay interrupts until the block has ended."""
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
