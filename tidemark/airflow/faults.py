"""Which errors are worth another try, and how a person reads the others: the one place that decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk import RetryAction, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError

from tidemark.core.errors import Problem

_SLOW_DOWN = 429
_SERVER_ERROR = 500


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


def transient(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it came from, says that a service was out of reach or overloaded."""
    import httpx
    import psycopg2
    import sqlalchemy.exc
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
    from botocore.exceptions import ConnectionError as S3ConnectionError

    out_of_reach = (
        ConnectionError,
        TimeoutError,
        AirflowRuntimeError,  # the server that tasks report to
        HTTPClientError,
        IncompleteReadError,
        S3ConnectionError,
        httpx.TransportError,
        psycopg2.OperationalError,
        sqlalchemy.exc.OperationalError,
    )
    while error is not None:
        if isinstance(error, out_of_reach):
            return True
        if isinstance(error, ClientError):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return status == _SLOW_DOWN or status >= _SERVER_ERROR
        if isinstance(error, sqlalchemy.exc.DBAPIError) and error.connection_invalidated:
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def fail_with_hint() -> Iterator[None]:
    """Turn a Problem that no retry can solve into a failed task whose last line says what to do."""
    try:
        yield
    except Problem as problem:
        if transient(problem):
            raise
        raise AirflowFailException(f"{problem.what}. What to do: {problem.hint}") from None
