"""The one thing that a repair does to the archive: it puts objects that are not there yet."""

import base64
import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tidemark.core.errors import Problem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HINT = "Allow this role or key s3:PutObject under collector=events-api-*, check AWS_ENDPOINT_URL, and repeat"


def put_once(client: "S3Client", bucket: str, key: str, data: bytes) -> None:
    """Put an object with its checksum unless the key is taken by another; an equal one, whose answer was lost, will do.

    Raises Problem where S3 refuses, stays silent, or holds something else there.
    """
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    try:
        client.put_object(
            Bucket=bucket,
            Key=key,
            Body=data,
            IfNoneMatch="*",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=digest,
        )
    except (BotoCoreError, ClientError) as error:
        if "PreconditionFailed" in str(error) and _digest_of(client, bucket, key) == digest:
            return
        raise Problem(f"s3://{bucket}/{key} could not be put: {error}", _HINT) from error


def _digest_of(client: "S3Client", bucket: str, key: str) -> str | None:
    try:
        return client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED").get("ChecksumSHA256")
    except (BotoCoreError, ClientError):
        return None
