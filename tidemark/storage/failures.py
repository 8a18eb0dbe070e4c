"""What an error of a library, of a server or of the machine means: the one place that words it.

It also decides whether another try can succeed. No library's own text is repeated, because it may hold a header, an
address with a password, or a row. Classes are looked up by name, so that no program needs a library that it does not
use.
"""

import errno
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from tidemark.core.errors import Problem
from tidemark.storage.network import Cause
from tidemark.storage.postgres_errors import postgres_failure
from tidemark.storage.s3_errors import s3_failure


class Failure(NamedTuple):
    """`what` goes on where "the bucket 'x'" or "the warehouse" began; `hint` is the next step.

    `cause` is that of a connection which failed, None for everything else.
    """

    what: str
    hint: str
    transient: bool
    cause: Cause | None = None

    @property
    def proxied(self) -> "Failure":
        """Return what it means where the connection went to a proxy first."""
        proxied = self.cause.proxied if self.cause else None
        return self if proxied is None else Failure.of(proxied)

    @classmethod
    def of(cls, cause: Cause) -> "Failure":
        """Return what a connection failed of."""
        return cls(cause.sentence, cause.hint, cause.transient, cause)

    def problem(self, where: str, kept: str = "") -> Problem:
        """Return the problem that this is for something named `where`; `kept` is added to the next step."""
        hint = f"{self.hint}. {kept}" if kept else self.hint
        return Problem(f"{where}: {self.what}", hint, self.transient)


_NETWORK = "Check the address, the network and the proxy settings, then run it again"
_AGAIN = "Run it again later"
_AWS_FILES = "Check the AWS_* variables and the files in ~/.aws"
_ROLE = "Give the machine an IAM role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"

# By errno of an OSError.
_BY_ERRNO = {
    errno.ENOSPC: ("no space is left on the disk", "Make room on the disk, then run it again", True),
    errno.EDQUOT: ("the disk quota is used up", "Raise the quota or make room, then run it again", True),
    errno.EROFS: ("the file system is read-only", "Check the disk; the system mounts a failing one read-only", False),
    errno.EIO: ("the disk failed to read or write", "Check the disk and its cable or volume", False),
    errno.EACCES: ("access is denied", "Give this user the right to it", False),
    errno.EPERM: ("the operation is not permitted", "Give this user the right to it", False),
    errno.EMFILE: ("this process has too many open files", "Raise the limit of open files (ulimit -n)", True),
    errno.ENFILE: ("the machine has too many open files", "Raise fs.file-max", True),
    errno.ENOMEM: ("the machine has no memory left", "Give the machine more memory", True),
    errno.ENOENT: ("the file or folder does not exist", "Check the name and the folder", False),
    errno.EISDIR: ("a folder is where a file should be", "Move it away", False),
    errno.ENOTDIR: ("a file is where a folder should be", "Move it away", False),
    errno.EEXIST: ("the file exists already", "Move it away", False),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one", False),
    errno.ESTALE: ("the network file system lost the file", _AGAIN, True),
    errno.EADDRINUSE: ("the port is taken", "Stop what listens there, or choose another port", False),
}
_CAUSES_BY_ERRNO = {
    errno.ENETUNREACH: Cause.ROUTE,
    errno.EHOSTUNREACH: Cause.ROUTE,
    errno.ENETDOWN: Cause.ROUTE,
    errno.EHOSTDOWN: Cause.ROUTE,
}
_CAUSES_BY_CLASS = {
    Cause.NAME: "socket.gaierror urllib3.exceptions.NameResolutionError",
    Cause.PORT: "builtins.ConnectionRefusedError",
    Cause.CUT: (
        "builtins.ConnectionResetError builtins.ConnectionAbortedError builtins.BrokenPipeError "
        "builtins.ConnectionError builtins.EOFError asyncio.exceptions.IncompleteReadError http.client.IncompleteRead "
        "http.client.RemoteDisconnected http.client.BadStatusLine http.client.HTTPException"
    ),
    Cause.TIME_OUT: (
        "builtins.TimeoutError socket.timeout urllib3.exceptions.TimeoutError httpx.TimeoutException "
        "botocore.exceptions.ReadTimeoutError botocore.exceptions.ConnectTimeoutError"
    ),
    Cause.CERTIFICATE: "ssl.SSLCertVerificationError",
    Cause.TLS: "ssl.SSLError urllib3.exceptions.SSLError botocore.exceptions.SSLError",
    Cause.PROXY_FAILED: (
        "urllib3.exceptions.ProxyError botocore.exceptions.ProxyConnectionError httpx.ProxyError "
        "websockets.exceptions.ProxyError"
    ),
}

# By class, the nearest base first; several names share one meaning.
_GROUPS: tuple[tuple[str, str, bool, str], ...] = (
    # what, hint, transient, classes
    ("the proxy's address cannot be used", ("Write HTTPS_PROXY as http://HOST:PORT; a SOCKS proxy needs a library that "
     "is not installed"), False,
     ("websockets.exceptions.InvalidProxy urllib3.exceptions.ProxySchemeUnknown "
     "urllib3.exceptions.ProxySchemeUnsupported botocore.exceptions.InvalidProxiesConfigError")),
    ("the answer was no websocket", "Check the address, and that nothing between answers for the server", True,
     "websockets.exceptions.InvalidHandshake"),
    ("the address cannot be used", "Write it as https://HOST:PORT/PATH", False,
     ("httpx.InvalidURL httpx.UnsupportedProtocol urllib3.exceptions.LocationValueError "
     "websockets.exceptions.InvalidURI")),
    ("too many redirects came back", "Check the address", False, "httpx.TooManyRedirects"),
    ("an answer was no HTTP or was damaged on the way", _NETWORK, True,
     ("httpx.ProtocolError httpx.DecodingError httpx.NetworkError httpx.TransportError httpx.RequestError "
     "httpx.StreamError urllib3.exceptions.ProtocolError urllib3.exceptions.DecodeError "
     "urllib3.exceptions.HTTPError botocore.parsers.ResponseParserError "
     "botocore.exceptions.IncompleteReadError botocore.exceptions.ResponseStreamingError "
     "botocore.exceptions.ChecksumError botocore.exceptions.FlexibleChecksumError "
     "botocore.exceptions.ConnectionClosedError botocore.exceptions.HTTPClientError "
     "botocore.exceptions.ConnectionError botocore.exceptions.EndpointConnectionError "
     "botocore.exceptions.PaginationError boto3.exceptions.RetriesExceededError")),
    ("no credentials were found", _ROLE, True,
     ("botocore.exceptions.NoCredentialsError botocore.exceptions.CredentialRetrievalError "
     "botocore.exceptions.MetadataRetrievalError botocore.exceptions.TokenRetrievalError "
     "botocore.exceptions.NoAuthTokenError")),
    ("the credentials are incomplete: one half of the key pair is missing", _ROLE, False,
     "botocore.exceptions.PartialCredentialsError"),
    ("the login has expired or cannot be renewed without a person", ("Run `aws sso login` or `aws login`, or give the "
     "machine an IAM role"), False,
     "botocore.exceptions.SSOError botocore.exceptions.LoginError botocore.exceptions.RefreshWithMFAUnsupportedError"),
    ("the profile in AWS_PROFILE does not exist", _AWS_FILES, False, "botocore.exceptions.ProfileNotFound"),
    ("a file of the AWS configuration cannot be read", _AWS_FILES, False,
     ("botocore.exceptions.ConfigParseError botocore.exceptions.ConfigNotFound "
     "botocore.exceptions.InfiniteLoopConfigError botocore.exceptions.InvalidConfigError")),
    ("the name of the region is not one that AWS has", "Check AWS_DEFAULT_REGION, AWS_REGION and the files in ~/.aws",
     False, "botocore.exceptions.InvalidRegionError"),
    ("no region is set", "Set AWS_DEFAULT_REGION to the bucket's region", False, "botocore.exceptions.NoRegionError"),
    ("the name of the bucket, of a key or of an encryption key is not one that S3 takes", ("Check TIDEMARK_BUCKET, "
     "TIDEMARK_PREFIX and TIDEMARK_SSE_KEY_ID"), False,
     ("botocore.exceptions.ParamValidationError botocore.exceptions.ValidationError "
     "botocore.exceptions.InvalidDNSNameError botocore.exceptions.InvalidHostLabelError "
     "botocore.exceptions.UnsupportedS3ArnError botocore.exceptions.EndpointProviderError")),
    ("the AWS configuration cannot be used", _AWS_FILES, False,
     "botocore.exceptions.BotoCoreError boto3.exceptions.Boto3Error"),
    ("Airflow's API server failed", "Read its log", True, "airflow.sdk.exceptions.AirflowRuntimeError"),
    ("the settings cannot be used", "Check them against docs/settings.md", False,
     "pydantic_settings.exceptions.SettingsError"),
)  # fmt: skip
_BY_CLASS = {name: Failure(what, hint, transient) for what, hint, transient, names in _GROUPS for name in names.split()}
_BY_CLASS |= {name: Failure.of(cause) for cause, names in _CAUSES_BY_CLASS.items() for name in names.split()}
# Errors that only wrap another one, whose reason is what a person needs.
_WRAPPERS = (
    "botocore.exceptions.HTTPClientError",
    "botocore.exceptions.ConnectionError",
    "urllib3.exceptions.HTTPError",
    "httpx.TransportError",
    "httpx.RequestError",
    "urllib.error.URLError",
    "websockets.exceptions.InvalidMessage",
)
_PROXY_ERRORS = _CAUSES_BY_CLASS[Cause.PROXY_FAILED].split()
_PROXY_STATUS = re.compile(r"([1-5]\d\d) |.*Tunnel connection failed: ([1-5]\d\d)\b")
_LOGIN = 407
_READERS: dict[str, Callable[[Any], tuple[str, str, bool] | None]] = {
    "botocore.exceptions.ClientError": s3_failure,
    "psycopg2.Error": postgres_failure,
    "sqlalchemy.exc.DBAPIError": lambda error: postgres_failure(error.orig or error, lost=error.connection_invalidated),
}


def failure_of(error: BaseException, *, proxied: bool = False) -> Failure | None:
    """Return what an error means, None where it is not known; then it is a fault of Tidemark itself.

    `proxied` says that the connection went to a proxy; libraries tell of their own which of them failed.
    """
    if isinstance(error, Problem):
        return Failure(error.what, error.hint, error.transient)
    names = _names(error)
    for name in names:
        if name in _READERS:
            read = _READERS[name](error)
            return Failure(*read) if read else None
    by_proxy = any(name in _PROXY_ERRORS for name in names)
    proxied = proxied or by_proxy
    found = _of_cause(error, names, proxied=proxied)
    if found is None and (by_proxy or isinstance(error, OSError)):
        found = _of_proxy(error)
    if found is None:
        found = next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)
    if found is None and isinstance(error, OSError):  # last: an SSLError has an errno of its own kind
        found = _of_system(error.errno or 0)
    return found.proxied if found and proxied else found


def _of_cause(error: BaseException, names: list[str], *, proxied: bool) -> Failure | None:
    """Return what the error means that a wrapper holds; None for one that is none."""
    if not any(name in _WRAPPERS for name in names):
        return None
    inside = (failure_of(each, proxied=proxied) for each in _causes(error) if isinstance(each, OSError | EOFError))
    return next((found for found in inside if found), None)


def _of_proxy(error: BaseException) -> Failure | None:
    """Return what a proxy answered, by the status that the libraries keep; None where there is none."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is None and (said := _PROXY_STATUS.match(str(error))):
        status = int(said[1] or said[2])
    if status is None:
        return None
    if status == _LOGIN:
        return Failure.of(Cause.PROXY_LOGIN)
    return Failure.of(Cause.PROXY_FAILED)._replace(what=f"{Cause.PROXY_FAILED.sentence} (HTTP {status})")


def _of_system(number: int) -> Failure:
    """Return what an errno means."""
    if cause := _CAUSES_BY_ERRNO.get(number):
        return Failure.of(cause)
    code = errno.errorcode.get(number, "no code")
    unknown = (f"the operating system refused ({code})", "Look the code up in errno(3)", False)
    return Failure(*_BY_ERRNO.get(number, unknown))


def is_proxied(url: str) -> bool:
    """Say whether the environment sets a proxy for an address."""
    address, proxies = urlsplit(url), getproxies()
    is_set = bool(proxies.get(address.scheme) or proxies.get("all"))
    return is_set and not proxy_bypass(address.hostname or "")


def problem_of(where: str, error: Exception, kept: str = "", *, proxied: bool = False) -> Problem | None:
    """Return the problem that an error is for something named `where`; None where the error is not known.

    `kept` is added to the next step; `proxied` is as in `failure_of`.
    """
    failure = failure_of(error, proxied=proxied)
    return failure.problem(where, kept) if failure else None


def transient(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it came from, may pass by itself."""
    for one in (error, *_causes(error)) if error else ():
        failure = failure_of(one)
        if failure and (failure.transient or not isinstance(one, Problem)):
            return failure.transient
    return False


def _names(error: BaseException) -> list[str]:
    """Return the names of an error's classes, where their library shows them."""
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors that an error came from, the nearest first, however its library keeps them."""
    seen = {id(error)}
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop(0)
        inside = getattr(one, "kwargs", None)
        for cause in (
            inside.get("error") if isinstance(inside, dict) else None,
            getattr(one, "reason", None),
            *getattr(one, "args", ()),
            one.__cause__,
            one.__context__,
        ):
            if isinstance(cause, BaseException) and id(cause) not in seen:
                seen.add(id(cause))
                yield cause
                waiting.append(cause)
