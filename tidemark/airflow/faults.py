"""Which errors are worth another try, and how a person reads the others: the one place that decides."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from textwrap import wrap
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from tidemark.core.errors import Problem
from tidemark.core.text import printable
from tidemark.storage.failures import transient

LOG = logging.getLogger("tidemark.airflow")
_LOUD = ("boto3", "botocore", "httpx", "s3transfer", "urllib3")
_LINE = 100


# about six hours for a database or an S3 that is away: 10, 20, 40 … seconds, at most ten minutes each
RETRIES: dict[str, Any] = {
    "retries": 40,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}

with suppress(ImportError):  # Airflow 3.2 knows no policy: it tries again whatever is no Problem
    from airflow.sdk import RetryAction, RetryDecision, RetryPolicy

    class RetryTransient(RetryPolicy):
        """Try again only when something was out of reach: the same data fails the same way each time."""

        def evaluate(self, exception: BaseException, *_: Any, **__: Any) -> RetryDecision:
            """Return the decision; the delay is the task's own."""
            if transient(exception):
                return RetryDecision(RetryAction.RETRY, reason=f"out of reach: {type(exception).__name__}")
            return RetryDecision(RetryAction.FAIL, reason="another try would end the same way")

    RETRIES["retry_policy"] = RetryTransient()


@contextmanager
def fail_with_hint() -> Iterator[None]:
    """Turn a Problem that no retry can solve into a failed task, with the reason and the next step in its log.

    They are logged as short lines of their own: Airflow shows an exception as one long line, above its traceback.
    Libraries that log every request or credential are silenced.
    """
    for library in _LOUD:
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        yield
    except Problem as problem:
        for line in (*wrap(printable(problem.what), _LINE), "What to do:", *wrap(printable(problem.hint), _LINE)):
            LOG.error("%s", line)  # noqa: TRY400 - the traceback says nothing more
        if transient(problem):
            raise
        raise AirflowFailException(f"{problem.what}. What to do: {problem.hint}") from None
