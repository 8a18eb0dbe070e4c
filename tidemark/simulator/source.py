"""Where the messages come from: the market, or a recording."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tidemark.core.errors import Problem
from tidemark.simulator.market.market import Market
from tidemark.simulator.message import Message
from tidemark.simulator.options import Options
from tidemark.simulator.recording import read_recorded


class Source(Protocol):
    """Gives one message after another."""

    def prepare(self, rate: float, moment: datetime) -> None:
        """Get ready for so many messages a second."""
        ...

    def next(self, moment: datetime) -> Message | None:
        """Return the message to send at a moment, or None when there is none any more."""
        ...


class Recording:
    """The lines of a JSON Lines file, once, as they stand. Raises Problem where the file cannot be read."""

    def __init__(self, path: Path) -> None:
        try:
            self._lines: Iterator[bytes] = iter(path.read_bytes().splitlines())
        except OSError as error:
            raise Problem(
                f"the recording {path} cannot be read ({error.strerror})", "Name a JSON Lines file with --recording."
            ) from error

    def prepare(self, rate: float, moment: datetime) -> None:
        """Do nothing; a recording is ready."""

    def next(self, moment: datetime) -> Message | None:  # noqa: ARG002 (a recording has its own times)
        """Return the next line."""
        return next((read_recorded(line) for line in self._lines if line.strip()), None)


def source_of(options: Options) -> Source:
    """Return the recording that the options name, else a market."""
    if options.recording:
        return Recording(options.recording)
    return Market(options.seed, sales_share=options.sales_share, old_share=options.old_share)
