"""Something that starts in the background while a person already sees the next thing."""

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

import psutil

T = TypeVar("T")
_PULSE = 0.2


class Background(Generic[T]):
    """A function that runs in a thread of its own. An error of the function is raised by `result`."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._error: BaseException | None = None
        self._before = set(psutil.Process().children())
        self._thread = Thread(target=self._run, name="background")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value = self._function()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever asks for the result
            self._error = error

    @property
    def running(self) -> bool:
        """Whether it is still at it."""
        return self._thread.is_alive()

    def result(self) -> T:
        """Wait for the function's end and return what it returned."""
        while self.running:  # in pulses, so that Ctrl-C gets through
            self._thread.join(_PULSE)
        if self._error:
            raise self._error
        return self._value

    def abandon(self) -> None:
        """End the function by ending the programs that it waits for: every child that is younger than it."""
        while self.running:
            for child in set(psutil.Process().children()) - self._before:
                child.terminate()
            self._thread.join(_PULSE)
