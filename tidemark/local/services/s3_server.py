"""The process of the embedded S3: moto, with every object also as a file, so that a restart loses nothing.

`python -P -m tidemark.local.services.s3_server FD FOLDER` serves on the inherited socket. Each object is written to
FOLDER/BUCKET/KEY before its request is answered, and read back at the start. Without FOLDER nothing is kept.
"""

import logging
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

from tidemark.local.services.s3 import HOST, REGION

_PART = ".part"
_CHANGES = frozenset({"PUT", "POST", "DELETE"})


class DurableS3:
    """A WSGI application around moto's: a change is answered only when it is in a file."""

    def __init__(self, app: Any, folder: Path) -> None:
        self._app = app
        self._folder = folder.resolve()
        self._objects = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        answer: Iterable[bytes] = self._app(environ, start_response)
        if environ["REQUEST_METHOD"] in _CHANGES:
            answer = list(answer)
            bucket, _, key = environ["PATH_INFO"].encode("latin-1").decode().lstrip("/").partition("/")
            if bucket in self._objects.buckets:
                (self._folder / bucket).mkdir(parents=True, exist_ok=True)
            for changed in [key] if key else list(self._files(self._folder / bucket)):
                self._save(bucket, changed)
        return answer

    def restore(self) -> None:
        """Put every file back as an object, with the checksum that an uploader compares."""
        for folder in sorted(self._folder.glob("*/")):
            self._objects.create_bucket(folder.name, REGION)
            for key in self._files(folder):
                content = (folder / key).read_bytes()
                checksum = b64encode(sha256(content).digest()).decode()
                put = self._objects.put_object(folder.name, key, content, checksum_value=checksum)
                put.checksum_algorithm = "SHA256"

    def _save(self, bucket: str, key: str) -> None:
        """Make the file of an object equal to the object; an upload that is not completed is no object."""
        file = (self._folder / bucket / key).resolve()
        if not file.is_relative_to(self._folder / bucket):
            return  # a key such as ../x stays in memory only
        found = self._objects.get_object(bucket, key) if bucket in self._objects.buckets else None
        if found is None:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}{_PART}")
        part.write_bytes(found.value)
        part.rename(file)

    def _files(self, bucket: Path) -> Iterable[str]:
        for file in sorted(bucket.rglob("*")):
            if file.is_file() and file.suffix != _PART:
                yield file.relative_to(bucket).as_posix()


def main(fd: int, folder: str) -> None:
    """Serve until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app: Any = DomainDispatcherApplication(create_backend_app)
    if folder:
        app = DurableS3(app, Path(folder))
        app.restore()
    make_server(HOST, 0, app, threaded=True, request_handler=MotoRequestHandler, fd=fd).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), os.fsdecode(sys.argv[2]))
