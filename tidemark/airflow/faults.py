"""Which errors are worth another try, and how a person reads the others: the one place that decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk import RetryAction, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowFailException

from tidemark.core.errors import Problem
from tidemark.storage.failures import transient


class RetryTransient(RetryPolicy):
    """Try again only when something was out of reach: the same data fails the same way each time."""

    def evaluate(self, exception: BaseException, *_: Any, **__: Any) -> RetryDecision:
        """Return the decision; the delay is the task's own."""
        if transient(exception):
            return RetryDecision(RetryAction.RETRY, reason=f"out of reach: {type(exception).__name__}")
        return RetryDecision(RetryAction.FAIL, reason="another try would end the same way")


# about six hours of patience with a database or an S3 that is away: 10, 20, 40 … seconds, at most ten minutes each
RETRIES: dict[str, Any] = {
    "retries": 40,
    "retry_policy": RetryTransient(),
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
}


@contextmanager
def fail_with_hint() -> Iterator[None]:
    """Turn a Problem that no retry can solve into a failed task whose last line says what to do."""
    try:
        yield
    except Problem as problem:
        if transient(problem):
            raise
        raise AirflowFailException(f"{problem.what}. What to do: {problem.hint}") from None
