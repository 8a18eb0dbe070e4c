"""The files of an export in a bucket: each is put once, its checksum is read back, and older ones are deleted."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from tidemark.core.errors import Problem
from tidemark.storage.failures import problem_of
from tidemark.storage.object_store import ObjectConflictError
from tidemark.storage.s3 import S3Store
from tidemark.storage.s3_client import place_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MEDIA_TYPE = "application/vnd.apache.parquet"
_AGAIN = "Check the place, the AWS_* variables and the rights. The next run goes on where this one was"
_OTHER = "Another program writes there, or another version of Tidemark: remove that file, or export to another place"


class Bucket:
    """Files below `prefix`, which is empty or ends in a slash. The endpoint has to know conditional writes."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def names(self, folder: str) -> Collection[str]:
        """Return the names of the files below a folder."""
        start = f"{self._prefix}{folder}/"
        with self._explained():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return [key.removeprefix(self._prefix) for key in keys]

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Put a file that `fill` writes, unless it is there; other content under its name is a Problem."""
        with TemporaryDirectory(prefix="tidemark-export-") as folder:
            file = Path(folder) / "file"
            with file.open("w+b") as content:
                fill(content)
                content.seek(0)
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            with self._explained():
                self._store.put(f"{self._prefix}{name}", file, sha256=digest, media_type=_MEDIA_TYPE)

    def delete(self, name: str) -> None:
        """Delete a file; harmless where it is gone."""
        with self._explained():
            self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")

    @cached_property
    def _store(self) -> S3Store:
        store = S3Store(self._client, self._bucket)
        store.prove(self._prefix, "export", None)
        return store

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ObjectConflictError as conflict:
            raise Problem(conflict.what, _OTHER) from None
        except Problem as problem:
            raise Problem(problem.what, _AGAIN) from None
        except Exception as error:
            known = problem_of(place_of(self._client, self._bucket), error)
            if known is None:
                raise
            raise Problem(known.what, _AGAIN) from error
