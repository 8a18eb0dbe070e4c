"""What PostgreSQL's refusals mean."""

import psycopg2
import psycopg2.errors
import pytest

from tidemark.storage.postgres_errors import postgres_failure


class Coded(psycopg2.DatabaseError):
    """An error as a server sends it."""

    def __init__(self, code: str) -> None:
        super().__init__("DETAIL: a row that must not show")
        self.code = code

    @property
    def pgcode(self) -> str:
        return self.code


@pytest.mark.parametrize(
    ("code", "what", "passes"),
    [
        ("25006", "it is read-only", True),
        ("57014", "statement_timeout", False),
        ("57P01", "shutting down", True),
        ("25P03", "idle_in_transaction_session_timeout", False),
        ("25P04", "transaction_timeout", False),
        ("57P05", "idle_session_timeout", False),
        ("53300", "lacks connections", True),
        ("53100", "its disk is full", True),
        ("40P01", "another transaction", True),
        ("55P03", "a lock was not free", True),
        ("42501", "lacks a right", False),
        ("28P01", "refused the user", False),
        ("XX001", "damaged", False),
    ],
)
def test_a_state_becomes_a_sentence(code: str, what: str, passes: bool) -> None:
    failure = postgres_failure(Coded(code))
    assert failure is not None
    assert what in failure[0]
    assert f"SQLSTATE {code}" in failure[0]
    assert "must not show" not in " ".join(failure[:2])
    assert failure[2] is passes


@pytest.mark.parametrize("code", ["42P01", "23505", "22012", "42601"])
def test_a_statement_that_is_wrong_is_a_fault(code: str) -> None:
    assert postgres_failure(Coded(code)) is None


@pytest.mark.parametrize(
    ("text", "what", "passes"),
    [
        ('FATAL:  password authentication failed for user "me"', "refused the password", False),
        ('FATAL:  database "x" does not exist', "the database does not exist", False),
        ('definition of service "nosuch" not found', "there is no such service", False),
        ('FATAL:  unrecognized configuration parameter "bogus"', "does not know a setting", False),
        ("FATAL:  unsupported startup parameter: options", "the pooler refuses a parameter", False),
        ('could not translate host name "x" to address', "name cannot be resolved", True),
        ("Connection refused\n\tIs the server running?", "connection was refused", True),
        ("server closed the connection unexpectedly", "the connection was cut", True),
        ('missing "=" after "s3cret" in connection info string', "an option of the address is invalid", False),
    ],
)
def test_a_connection_that_never_came_up_is_known_by_its_phrase(text: str, what: str, passes: bool) -> None:
    failure = postgres_failure(psycopg2.OperationalError(text))
    assert failure is not None
    assert what in failure[0]
    assert "s3cret" not in failure[0] + failure[1]
    assert failure[2] is passes


def test_a_connection_that_is_known_to_be_gone_needs_no_phrase() -> None:
    assert postgres_failure(psycopg2.DatabaseError("x")) is None
    assert postgres_failure(psycopg2.DatabaseError("x"), lost=True) is not None
