"""The archive as the uploader's settings name it."""

from typing import Any

from collector.upload.settings import UploadSettings
from tidemark.storage.s3 import S3Store, s3_client


def connect(settings: UploadSettings) -> S3Store:
    """Return the archive that the settings and the AWS_* variables name; nothing is sent yet.

    Raises StoreUnavailableError where boto3 cannot make sense of them.
    """
    client = s3_client(
        attempts=settings.upload_attempts,
        timeout=settings.upload_timeout,
        connections=settings.upload_workers + 1,
    )
    return S3Store(
        client,
        settings.bucket,
        whole=settings.multipart_threshold_mib << 20,
        options=_encryption(settings),
        put_once=settings.put_once,
    )


def _encryption(settings: UploadSettings) -> dict[str, Any]:
    wanted = {
        "ServerSideEncryption": settings.sse,
        "SSEKMSKeyId": settings.sse_key_id,
        "BucketKeyEnabled": settings.sse_bucket_key,
    }
    return {name: value for name, value in wanted.items() if value is not None}
