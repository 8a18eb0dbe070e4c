"""What a person can set for `tidemark upload`."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tidemark.core.clock import Clock
from tidemark.storage.object_store import PutOnce
from tidemark.storage.settings import ClockSetting, CollectorId, KeyPrefix, Settings


class UploadSettings(Settings):
    """Settings of the uploader.

    Credentials, region and endpoint are boto3's own: an IAM role or the `AWS_*` variables.
    """

    collector: CollectorId = Field(
        description="This collector's id, such as collector-a; it becomes part of every key."
    )
    spool: Path = Field(description="The folder into which the collector writes.")
    bucket: str = Field(min_length=3, description="The archive's bucket, or an access point's ARN.")
    prefix: KeyPrefix = Field(default="", description="What every key begins with: empty, or ending in a slash.")
    retention_hours: float = Field(
        default=6, ge=0, description="How long a shipped file stays in the spool after its hour has ended."
    )
    upload_workers: int = Field(default=4, ge=1, le=64, description="How many files are shipped at a time.")
    upload_attempts: int = Field(default=5, ge=1, le=20, description="How often a failing request is sent.")
    upload_timeout: float = Field(default=60, gt=0, description="Seconds without an answer until a request fails.")
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
        default=None, description="Server-side encryption to ask for; without it the bucket's own default holds."
    )
    sse_key_id: str | None = Field(default=None, description="The KMS key for aws:kms; without it AWS's own key.")
    sse_bucket_key: bool | None = Field(default=None, description="Whether S3 shall use a bucket key with aws:kms.")
    clock: ClockSetting = Field(default=Clock(), description="A clock that runs at another rate, for demonstrations.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.sse or "").startswith("aws:kms") and (self.sse_key_id or self.sse_bucket_key is not None):
            raise ValueError("TIDEMARK_SSE_KEY_ID and TIDEMARK_SSE_BUCKET_KEY need TIDEMARK_SSE=aws:kms")
        return self
