"""What a person can set for `tidemark collect`, `upload` and `status`."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlencode

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from tidemark.archive.event_type import EVENT_TYPES
from tidemark.core.clock import Clock
from tidemark.core.errors import Problem
from tidemark.storage.object_store import PutOnce
from tidemark.storage.settings import (
    ClockSetting,
    CollectorId,
    KeyPrefix,
    Secret,
    Settings,
    Slugs,
    checked_slug,
    split_list,
)

METRICS_PORT = 9464


def read_slugs(text: str) -> tuple[str, ...]:
    """Read a collections file: one slug per line, `#` begins a remark. Raises ValueError for anything else."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    slugs = tuple(dict.fromkeys(checked_slug(line) for line in lines if line))
    if not slugs:
        raise ValueError("it names no collection")
    return slugs


def _checked_event_type(name: str) -> str:
    """Return an event type unchanged; raise ValueError for one that is not known: a typing error records nothing."""
    if name not in EVENT_TYPES:
        near = get_close_matches(name.lower(), EVENT_TYPES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(EVENT_TYPES)}"
        raise ValueError(f"{name!r} is no event type of the stream; {hint}")
    return name


EventTypes = Annotated[
    tuple[Annotated[str, AfterValidator(_checked_event_type)], ...], NoDecode, BeforeValidator(split_list)
]


class SpoolSettings(Settings):
    """What every program on a collector's machine needs."""

    spool: Path = Field(description="The folder into which the collector writes.")


class NotifySettings(SpoolSettings):
    """Settings of `tidemark notify`."""

    webhook_url: Secret = Field(description="The address of the webhook, as Slack or Discord gives it.")


class StreamSettings(Settings):
    """Where the stream is, and with which key."""

    stream_url: SecretStr = Field(
        default=SecretStr("wss://stream-api.opensea.io/socket/websocket"),
        description="The Stream API's address, without the key.",
    )
    opensea_api_key: Secret = Field(
        validation_alias="OPENSEA_API_KEY", min_length=1, description="The key for OpenSea's APIs."
    )

    @model_validator(mode="after")
    def _is_an_address(self) -> Self:
        if "?" in self.stream_url.get_secret_value():
            raise ValueError("TIDEMARK_STREAM_URL must not carry a query; the key belongs into OPENSEA_API_KEY")
        from collector.stream.websocket import check_address  # noqa: PLC0415 - the uploader needs no websockets

        try:
            check_address(self.stream_url)
        except Problem as problem:
            raise ValueError(str(problem)) from None
        return self

    @property
    def address(self) -> SecretStr:
        """The address to connect to; it carries the key."""
        key = self.opensea_api_key.get_secret_value()
        return SecretStr(f"{self.stream_url.get_secret_value()}?{urlencode({'token': key})}&vsn=2.0.0")


class _Recording(SpoolSettings):
    collector: CollectorId = Field(
        description="This collector's id, such as collector-a; it becomes part of every key."
    )


class CollectorSettings(StreamSettings, _Recording):
    """Settings of the collector."""

    collections: Slugs = Field(default=("*",), min_length=1, description="Collection slugs with commas, or * for all.")
    collections_file: Path | None = Field(
        default=None, description="A file with one slug per line instead; read again on SIGHUP."
    )
    event_types: EventTypes = Field(default=(), description="Event types to ask for, with commas; default: all.")
    connections: int = Field(
        default=1, ge=1, le=2, description="Connections held side by side; with two a cut loses nothing."
    )
    max_connection_age: float = Field(
        default=1800,
        ge=0,
        le=604_800,
        description="Seconds after which a connection is replaced at the latest, the new one first; drawn from the "
        "second half of them. 0 never.",
    )
    heartbeat: float = Field(default=30, gt=0, le=50, description="Seconds between heartbeats.")
    reply_timeout: float = Field(
        default=10, gt=0, le=3600, description="Seconds to wait for a handshake or a join's answer."
    )
    stall_after: float = Field(
        default=60,
        gt=0,
        le=604_800,
        description="Seconds of silence after which a busy connection is replaced at the earliest.",
    )
    max_message_mib: int = Field(default=16, ge=1, le=64, description="A larger message ends the connection.")
    # an hour has numbers for 9,999 segments: enough for ten times the whole market all the hour, 324 GB
    segment_mib: int = Field(default=512, ge=32, le=4096, description="A segment is sealed at this size.")
    sync_interval: float = Field(default=1, gt=0, le=60, description="Seconds that a power cut may cost at most.")
    metrics_host: str = Field(default="127.0.0.1", description="The address on which metrics and health are served.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Their port; default: 9464, or any free one if it is taken."
    )
    clock: ClockSetting = Field(default=Clock(), description="A clock that runs at another rate, for demonstrations.")
    log_format: Literal["json", "console", "auto"] = Field(
        default="auto", description="How logs are written; auto: for a person on a terminal, JSON elsewhere."
    )

    def slugs(self) -> tuple[str, ...]:
        """Return the slugs to subscribe to now: those of the file where one is set, else those of the setting.

        Raises Problem where the file cannot be read or names something that is no slug.
        """
        if self.collections_file is None:
            return self.collections
        try:
            return read_slugs(self.collections_file.read_text("utf-8-sig"))
        except OSError as error:
            why = error.strerror
        except UnicodeError:
            why = "it is not UTF-8"
        except ValueError as error:
            why = str(error)
        hint = "write one slug per line into TIDEMARK_COLLECTIONS_FILE, or * for all"
        raise Problem(f"{self.collections_file} cannot be used: {why}", hint)


class UploadSettings(_Recording):
    """Settings of the uploader.

    Credentials, region and endpoint are boto3's own: an IAM role or the `AWS_*` variables.
    """

    bucket: str = Field(min_length=3, description="The archive's bucket, or an access point's ARN.")
    prefix: KeyPrefix = Field(default="", description="What every key begins with: empty, or ending in a slash.")
    retention_hours: float = Field(
        default=6,
        ge=0,
        le=876_000,
        description="How long an uploaded file stays in the spool after its hour has ended.",
    )
    upload_workers: int = Field(default=4, ge=1, le=64, description="How many files are uploaded at a time.")
    upload_attempts: int = Field(default=5, ge=1, le=20, description="How often a failing request is sent.")
    upload_timeout: float = Field(
        default=60, gt=0, le=3600, description="Seconds without an answer until a request fails."
    )
    multipart_threshold_mib: int = Field(
        default=64, ge=5, le=5120, description="Objects of up to this many MiB are put whole, larger ones in parts."
    )
    put_once: PutOnce = Field(
        default="conditional",
        description="How an object is kept from being overwritten: conditional, by the endpoint; head, by looking "
        "before each put, for endpoints without conditional writes and with one uploader per collector.",
    )
    compression_level: int = Field(default=1, ge=1, le=19, description="The zstd level.")
    sse: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = Field(
        default=None, description="Server-side encryption to ask for; default: the bucket's own."
    )
    sse_key_id: str | None = Field(default=None, description="The KMS key for aws:kms; default: AWS's own key.")
    sse_bucket_key: bool | None = Field(default=None, description="Whether S3 shall use a bucket key with aws:kms.")
    clock: ClockSetting = Field(default=Clock(), description="A clock that runs at another rate, for demonstrations.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.sse or "").startswith("aws:kms") and (self.sse_key_id or self.sse_bucket_key is not None):
            raise ValueError("TIDEMARK_SSE_KEY_ID and TIDEMARK_SSE_BUCKET_KEY need TIDEMARK_SSE=aws:kms")
        return self
