"""What the settings of every program share: where they are read, how lists and secrets are written, which names exist.

Every mistake is reported at once. A name that no program knows is refused: a typing error in the name of an optional
setting would otherwise change what is recorded without a word.
"""

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tidemark.archive.names import checked_collector, checked_prefix
from tidemark.core.clock import Clock
from tidemark.core.errors import Problem
from tidemark.core.text import printable

PREFIX = "TIDEMARK_"
ENV_FILE = ".env"
_PREFIXES = ("AWS_", "OPENSEA_", PREFIX)
# Fields of the settings classes; a test compares them.
FIELDS = frozenset(
    re.findall(
        r"\w+",
        """api_url audit_delay audit_requests book_depth bucket clock collections collections_file collector collectors
        compression_level connections
        event_types grace_period heartbeat log_format max_connection_age max_message_mib metrics_host metrics_port
        multipart_threshold_mib plaintext_hosts prefix put_once repair_requests reply_timeout retention_hours
        segment_mib spool sse sse_bucket_key sse_key_id stall_after stream_url sync_interval transfers
        upload_attempts upload_timeout upload_workers warehouse_url webhook_url""",
    )
)
# Read by DAGs, by the simulator, by the scripts in deploy/ and by docker-compose.yml.
_OTHERS = frozenset(
    re.findall(
        r"\w+",
        """airflow_secret_id alert_email alert_slack aws_conn_id catchup fernet_secret_id first_hour log_folder
        metrics_namespace owner_secret_id owner_url queries secret_id simulator_keys warehouse_address""",
    )
)
# Settings that hold an address to which a secret is sent; the endpoint of S3 is checked where its client is made.
_ADDRESSES = ("stream_url", "api_url", "webhook_url")
UNENCRYPTED = "reaches {} without encryption; use wss:// or https://, or name the host in TIDEMARK_PLAINTEXT_HOSTS"
_SLUG = re.compile(r"\*|[a-z0-9][a-z0-9_.-]{0,127}", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
_SECRET = re.compile(r"[!-~]*", re.ASCII)


def split_list(text: object) -> object:
    """Split a list that was written with commas or on several lines; anything else is returned as it is."""
    if not isinstance(text, str):
        return text
    return tuple(word for part in re.split(r"[,\n]", text) if (word := part.strip()))


def checked_slug(slug: str) -> str:
    """Return a collection's slug unchanged; raise ValueError unless it can be one."""
    if not _SLUG.fullmatch(slug):
        if _SLUG.fullmatch(slug.lower()):
            raise ValueError(f"{slug!r} is no collection slug; slugs are lower-case: {slug.lower()}")
        raise ValueError(f"{slug!r} is no collection slug; write it as in OpenSea's address, or * for all")
    return slug


def plaintext_host(address: str) -> str | None:
    """Return the host that an address reaches without encryption; None where it is encrypted or on this machine."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if parts.scheme not in {"ws", "http"} or not host or host == "localhost" or host.endswith(".localhost"):
        return None
    try:
        return None if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return host


def _checked_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().strip()
    if not _SECRET.fullmatch(text):
        raise ValueError("holds a space or a character that no key has; copy it again")
    return SecretStr(text)


CollectorId = Annotated[str, AfterValidator(checked_collector)]
KeyPrefix = Annotated[str, AfterValidator(checked_prefix)]
ClockSetting = Annotated[
    Clock, NoDecode, BeforeValidator(lambda text: Clock.parse(text) if isinstance(text, str) else text)
]
Slugs = Annotated[tuple[Annotated[str, AfterValidator(checked_slug)], ...], NoDecode, BeforeValidator(split_list)]
Secret = Annotated[SecretStr, AfterValidator(_checked_secret)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]


class Settings(BaseSettings):
    """Settings from `TIDEMARK_*` variables and `.env`; the environment wins.

    Raises ValidationError with every mistake, Problem where `.env` cannot be read.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        validate_by_name=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    plaintext_hosts: Hosts = Field(
        default=(),
        description="Other machines that may be reached by ws:// and http://, with commas: keys and data can be read "
        "on the way. Default: none.",
    )

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        for name in _ADDRESSES:
            address = getattr(self, name, None)
            text = address.get_secret_value() if isinstance(address, SecretStr) else address or ""
            if (host := plaintext_host(text)) and host not in self.plaintext_hosts:
                raise ValueError(f"{PREFIX}{name.upper()} {UNENCRYPTED.format(printable(host))}")
        return self

    def __init__(self, **given: Any) -> None:
        in_file = read_dotenv() if given.get("_env_file", ENV_FILE) else {}
        mistakes = [*_unknown({*os.environ, *in_file}), *_undecodable(os.environ)]
        try:
            super().__init__(**given)
        except ValidationError as error:
            if not mistakes:
                raise
            mistakes[:0] = [_repeated(each["loc"], each["msg"]) for each in error.errors()]
        if mistakes:
            raise ValidationError.from_exception_data(type(self).__name__, mistakes, hide_input=True) from None


class WarehouseSettings(Settings):
    """Where the warehouse is; all that migrating and asking need."""

    warehouse_url: Secret = Field(
        description="Address of the warehouse: postgresql://USER:PASSWORD@HOST:PORT/NAME; over a network, with "
        "?sslmode=verify-full&sslrootcert=FILE, or the server's certificate is not verified. On RDS, "
        "postgresql+iam://USER@HOST:PORT/NAME logs in by IAM, without a password."
    )


def read_dotenv() -> Mapping[str, str | None]:
    """Return the variables in `.env`, none where there is no such file. Raises Problem where it cannot be read."""
    try:
        text = Path(ENV_FILE).read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except UnicodeError:
        raise _unreadable("is not UTF-8") from None
    except PermissionError:
        raise Problem(
            f"the file {ENV_FILE} may not be read: Permission denied",
            "Start it in a folder that this user may enter, or let the user read the file",
        ) from None
    except OSError as error:
        raise _unreadable(f"cannot be read: {error.strerror}") from None
    if "\0" in text:  # UTF-16 without its mark is valid UTF-8, with a NUL in every second place
        raise _unreadable("is not UTF-8")
    for line in parse_stream(StringIO(text)):
        if line.error:
            raise _unreadable(f"cannot be read in line {line.original.line}")
    return dotenv_values(stream=StringIO(text), interpolate=True)


def _unreadable(why: str) -> Problem:
    return Problem(f"the file {ENV_FILE} {why}", "Save it as UTF-8 text, one NAME=VALUE per line")


def _unknown(variables: set[str]) -> Iterator[InitErrorDetails]:
    names = FIELDS | _OTHERS
    for variable in sorted(variables - _of_services(variables)):
        name = variable.upper().removeprefix(PREFIX).lower()
        if variable.upper().startswith(PREFIX) and name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {PREFIX}{near[0].upper()}?" if near else "docs/settings.md lists those that exist"
            yield _repeated((variable,), f"is no setting; {hint}")


def _of_services(variables: set[str]) -> set[str]:
    """Return those by which Kubernetes tells a pod of a service beside it, which may be called tidemark-something.

    https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    services = "|".join(re.escape(each[:-13]) for each in variables if each.endswith("_SERVICE_HOST"))
    told = re.compile(rf"(?:{services})_(?:SERVICE_(?:HOST|PORT\w*)|PORT(?:_\d+_\w+)?)") if services else None
    return {each for each in variables if told and told.fullmatch(each)}


def _undecodable(environ: Mapping[str, str]) -> Iterator[InitErrorDetails]:
    """Yield a mistake for each value that holds bytes that are no UTF-8; Python keeps them as halves of surrogates."""
    for variable, value in sorted(environ.items()):
        if variable.upper().startswith(_PREFIXES) and not value.isascii() and _HALF.search(value):
            yield _repeated((variable,), "is not UTF-8")


def _repeated(place: tuple[int | str, ...], message: str) -> InitErrorDetails:
    return {"type": PydanticCustomError("setting", "{message}", {"message": message}), "loc": place, "input": None}


def mistakes_of(error: ValidationError) -> list[str]:
    """Return each wrong setting by its variable and what is wrong, without its value: it may be a secret."""
    return [f"{_variable(*mistake['loc'])}{printable(mistake['msg'])}" for mistake in error.errors()]


def _variable(name: str | int = "", *_: str | int) -> str:
    """Return the start of a mistake's line; a mistake that concerns several settings names them in its text."""
    variable = printable(str(name)).upper()
    return f"{variable if variable.startswith(_PREFIXES) else PREFIX + variable}: " if variable else ""
