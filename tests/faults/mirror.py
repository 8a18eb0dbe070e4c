"""A copy of the archive as plain files: to be looked at, and to outlive the embedded S3, which forgets."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def save(client: "S3Client", bucket: str, folder: Path) -> int:
    """Copy every object that the folder lacks, its key as its path, and return how many there were."""
    copied = 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for listed in page.get("Contents", []):
            file = _file(folder, listed["Key"])
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                part = file.with_name(f"{file.name}.part")
                client.download_file(bucket, listed["Key"], str(part))
                part.rename(file)
                copied += 1
    return copied


def restore(client: "S3Client", bucket: str, folder: Path) -> int:
    """Put every file of the folder back under its key, and return how many there are."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix != ".part"]
    for file in files:
        client.put_object(Bucket=bucket, Key=file.relative_to(folder).as_posix(), Body=file.read_bytes())
    return len(files)


def _file(folder: Path, key: str) -> Path:
    file = (folder / key).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ValueError(f"the key {key!r} leads out of {folder}")
    return file
