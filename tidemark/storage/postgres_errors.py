"""What PostgreSQL's refusals mean: one table from its SQLSTATE codes, and one for connections that never came up."""

import re

from tidemark.storage.network import Cause

_URL = "Check TIDEMARK_WAREHOUSE_URL"
_AGAIN = "Check that the server runs and can be reached, then run it again: nothing was half done"
_LATER = "Run it again later: nothing was half done"
_ROOM = "Give the database more disk, then run it again: nothing was half done"


def _limit(name: str) -> tuple[str, str, bool]:
    hint = f"Raise the limit for this user: ALTER ROLE … SET {name} = 0"
    return f"it ended the connection, by {name}", hint, False


# By SQLSTATE, or by its first two characters: what, next step, and whether it may pass by itself.
_BY_STATE: dict[str, tuple[str, str, bool]] = {
    "08": ("the connection was lost", _AGAIN, True),
    "25006": ("it is read-only: a standby, one that failed over, or by default_transaction_read_only", ("Point "
              "TIDEMARK_WAREHOUSE_URL at the primary, and set default_transaction_read_only = off for this user and "
              "database; after a fail-over the address follows by itself, so run it again"), True),
    "25P03": _limit("idle_in_transaction_session_timeout"),
    "25P04": _limit("transaction_timeout"),
    "28": ("it refused the user or the password", f"{_URL}: the user and the password", False),
    "3D000": ("the database does not exist", f"{_URL}: the database", False),
    "40": ("another transaction was in the way", _LATER, True),
    "42501": ("the user lacks a right", ("Run `tidemark migrate` as the owner, and grant the role tidemark_loader (to "
              "load) or tidemark_reader (to ask) to this user"), False),
    "53100": ("its disk is full", _ROOM, True),
    "53": ("it lacks connections, memory or disk", _LATER, True),
    "54": ("a statement is too large for it", "Report this; load fewer hours at a time until then", False),
    "55P03": ("a lock was not free in time", _LATER, True),
    "55006": ("an object is in use", _LATER, True),
    "57014": ("a statement was cancelled, by statement_timeout or by a person", ("Raise the limit for this user: ALTER "
              "ROLE … SET statement_timeout = 0"), False),
    "57P05": _limit("idle_session_timeout"),
    "57": ("it is shutting down or starting", _AGAIN, True),
    "58": ("it cannot read or write its own files", "Check the server's disk and its log", False),
    "XX": ("its data is damaged", "Check the server's log, and restore a backup if it says so", False),
}  # fmt: skip


def _network(cause: Cause) -> tuple[str, str, bool]:
    return cause.sentence, f"{cause.hint}; then run it again: nothing was half done", cause.transient


# A refused connection has no SQLSTATE here; these phrases are libpq's, and each is looked for, never repeated.
_BY_PHRASE: tuple[tuple[str, str, str, bool], ...] = (
    (r"PAM authentication failed", "it refused the IAM token", ("Grant rds_iam to the user (GRANT rds_iam TO "
     "tidemark_loader), allow rds-db:connect to this role, and check the clock"), False),
    (r"password authentication failed|no password supplied|authentication failed", "it refused the password",
     f"{_URL}: the user and the password", False),
    (r'role ".*" does not exist', "the user does not exist", f"{_URL}: the user", False),
    (r'database ".*" does not exist', "the database does not exist", f"{_URL}: the database", False),
    (r"no pg_hba\.conf entry", "it lets this user in from no such address or without TLS",
     "Add ?sslmode=require to TIDEMARK_WAREHOUSE_URL, or allow this machine in pg_hba.conf", False),
    (r"invalid (?:connection option|sslmode value|port number|URI|integer value)|missing \"=\"",
     "an option of the address is invalid", f"{_URL}: the options behind the question mark", False),
    (r"definition of service .* not found|service file .* not found", "there is no such service",
     "Check PGSERVICE and the service file (PGSERVICEFILE, ~/.pg_service.conf)", False),
    (r"unrecognized configuration parameter", "it does not know a setting that the connection asks for",
     "Check PGOPTIONS, and the options in TIDEMARK_WAREHOUSE_URL", False),
    (r"unsupported startup parameter", "the pooler refuses a parameter", ("Allow it in PgBouncer: "
     "ignore_startup_parameters = extra_float_digits,options"), False),
    (r"certificate verify failed|root certificate file .* does not exist|does not match host name",
     "its certificate is not trusted", f"{_URL}: sslrootcert and the host's name", False),
    (r"server does not support SSL", "it has no TLS", f"{_URL}: sslmode", False),
    (r"too many (?:clients|connections)|remaining connection slots", "it has no free connection", _LATER, True),
    (r"could not translate host name|Name or service not known", *_network(Cause.NAME)),
    (r"Connection refused", *_network(Cause.PORT)),
    (r"timeout expired|timed out", *_network(Cause.TIME_OUT)),
    (r"No route to host|Network is unreachable", *_network(Cause.ROUTE)),
    (r"invalid response to SSL negotiation|SSL error|SSL SYSCALL|tlsv1 alert", *_network(Cause.TLS)),
    (r"No such file or directory", "no server listens on the local socket", _AGAIN, True),
    (r"read-only|recovery", *_BY_STATE["25006"]),
    (r"starting up|shutting down", *_BY_STATE["57"]),
    # all that psycopg2 knows of a session that the server ended
    (r"server closed the connection unexpectedly", Cause.CUT.sentence, ("The server's log says why: a limit of time "
     "(transaction_timeout, idle_in_transaction_session_timeout, idle_session_timeout), a person, a restart; if it "
     "has nothing, check the network; then run it again: nothing was half done"), True),
    (r"Connection reset by peer", *_network(Cause.CUT)),
    (r"prepared statement|server login has been failing|no more connections allowed|pooler", "the pooler failed",
     _LATER, True),
)  # fmt: skip
LENGTH = 5  # characters of an SQLSTATE
_NAMES = "42"
_LOST = ("OperationalError", "InterfaceError", "DisconnectionError")


def postgres_failure(error: BaseException, *, lost: bool = False) -> tuple[str, str, bool] | None:
    """Return what an error of PostgreSQL means; None for a statement that is itself wrong.

    `lost` says that the connection is known to be gone.
    """
    state = getattr(error, "pgcode", None) or ""
    for known in (state, state[:2]):
        if known in _BY_STATE:
            what, hint, transient = _BY_STATE[known]
            return f"{what} (SQLSTATE {state})", hint, transient
    if state:
        return None
    for phrase, what, hint, transient in _BY_PHRASE:
        if re.search(phrase, str(error), re.IGNORECASE):
            return what, hint, transient
    if lost or any(kind.__name__ in _LOST for kind in type(error).__mro__):
        return "the connection failed or was lost", _AGAIN, True
    return None


def statement_failure(error: BaseException) -> str:
    """Say what a statement itself failed of, by the name of its SQLSTATE.

    The server's own words are repeated for syntax and names alone (class 42), where they quote the statement: it is a
    file, and no file of SQL holds a secret. Others may quote a value, or what another server said.
    """
    state = getattr(error, "pgcode", None) or ""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    return f"{said if said and state.startswith(_NAMES) else name} (SQLSTATE {state})"
