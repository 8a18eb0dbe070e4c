"""What a person sees during long work: lines that stay, and on a terminal a status line at the bottom."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console


class Progress:
    """Prints what happens, each line with the seconds since the start; usable as the `log` of any part."""

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._now = now
        self._began = now()
        self._status = console.status("")

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return self._now() - self._began

    def __call__(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(f"{self.seconds:5.1f} s  {text}", markup=False, highlight=False, soft_wrap=True)

    def show(self, text: str) -> None:
        """Show what is going on now; only a terminal shows it, in its last line."""
        self._status.update(f"[dim]{self.seconds:5.0f} s[/dim]  {text}")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._status.stop()
