import logging

import httpx
import psycopg2
import pytest
import sqlalchemy.exc
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError

from tidemark.airflow.faults import RETRIES, fail_with_hint
from tidemark.core.errors import Problem
from tidemark.storage.failures import transient


def s3_error(status: int) -> ClientError:
    return ClientError({"Error": {"Code": "x"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")


OUT_OF_REACH = [
    psycopg2.OperationalError("server closed the connection unexpectedly"),
    sqlalchemy.exc.OperationalError("SELECT 1", {}, psycopg2.OperationalError()),
    sqlalchemy.exc.DBAPIError("SELECT 1", {}, psycopg2.DatabaseError(), connection_invalidated=True),
    EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    s3_error(503),
    s3_error(429),
    IncompleteReadError(actual_bytes=1, expected_bytes=2),
    httpx.ConnectError("refused"),
    AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR)),
    ConnectionResetError(),
    TimeoutError(),
]
FAULTS = [
    Problem("the checksum is wrong", "Upload it again"),
    ValueError("bad"),
    s3_error(403),
    s3_error(404),
    sqlalchemy.exc.IntegrityError("INSERT", {}, psycopg2.IntegrityError()),
]
with_policy = pytest.mark.skipif("retry_policy" not in RETRIES, reason="Airflow 3.2 has no retry policies")


@with_policy
@pytest.mark.parametrize("error", OUT_OF_REACH, ids=repr)
def test_what_is_out_of_reach_is_tried_again(error: Exception) -> None:
    assert RETRIES["retry_policy"].evaluate(error, 1, 10).action.name == "RETRY"


@with_policy
@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_fault_of_the_data_fails_at_once(error: Exception) -> None:
    assert RETRIES["retry_policy"].evaluate(error, 1, 10).action.name == "FAIL"


def worded(cause: Exception) -> None:
    """Fail as the loader does: by a Problem that hides its cause."""
    try:
        raise cause
    except type(cause):
        raise Problem("the warehouse failed", "Check that it runs") from None


@pytest.mark.parametrize("cause", OUT_OF_REACH, ids=repr)
def test_a_problem_is_as_transient_as_what_it_came_from(cause: Exception) -> None:
    with pytest.raises(Problem) as problem, fail_with_hint():
        worded(cause)
    assert transient(problem.value)


def test_any_other_problem_ends_the_task_with_what_to_do() -> None:
    with (
        pytest.raises(AirflowFailException, match=r"is wrong\. What to do: Upload it again"),
        fail_with_hint(),
    ):
        raise FAULTS[0]


def test_the_reason_of_a_failure_is_logged_in_short_lines(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(AirflowFailException), fail_with_hint():
        raise Problem("the archive lacks a segment " * 10, "Upload it again")
    lines = [record.getMessage() for record in caplog.records if record.name == "tidemark.airflow"]
    assert max(map(len, lines)) <= 100
    assert lines[-2:] == ["What to do:", "Upload it again"]
    assert logging.getLogger("botocore").level == logging.WARNING
