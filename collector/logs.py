"""Logs: one line per thing that happened, as JSON for machines or readable for a person, on standard error."""

import logging
import sys
from typing import Literal

import structlog


def configure(form: Literal["json", "console", "auto"]) -> None:
    """Set up logging for this process; `auto` writes for a person where standard error is a terminal."""
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _printer(readable=readable),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _printer(*, readable: bool) -> structlog.typing.Processor:
    if readable:
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer()
