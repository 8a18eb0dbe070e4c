"""An S3 on this machine: the moto server as a process of its own on a loopback port.

It accepts any credentials and any checksum. Objects are kept as files when it has a folder, else in memory only.
"""

import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tidemark.core.errors import Problem
from tidemark.local.process import Service

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOST = "127.0.0.1"
REGION = "us-east-1"
CREDENTIAL = "local"
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 5.0


class S3Server(Service):
    """One embedded S3; `with S3Server() as s3:` starts it, waits until it answers, and stops it.

    `port` 0 takes a free one. Objects are also files in `folder`, BUCKET/KEY, and are there again after a restart. The
    server's output goes to the file `log`, or nowhere.
    """

    def __init__(self, *, port: int = 0, folder: Path | None = None, log: Path | None = None) -> None:
        self._port = port
        self._folder = folder
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The address, such as `http://127.0.0.1:41234`; known once started."""
        return f"http://{HOST}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The AWS_* variables that point boto3 and other clients at this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": CREDENTIAL,
            "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
            "AWS_DEFAULT_REGION": REGION,
        }

    @property
    def pid(self) -> int | None:
        """The process id while it is running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Start the process, again if it was killed, and wait until it answers.

        Raises Problem when the port is taken, or when the process ends or does not answer.
        """
        with _listener(self._port) as listener, self._log.open("ab") if self._log else nullcontext() as log:
            self._port = listener.getsockname()[1]
            folder = str(self._folder.resolve()) if self._folder else ""
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tidemark.local.services.s3_server", str(listener.fileno()), folder],
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log or subprocess.DEVNULL,
                stderr=log or subprocess.DEVNULL,
                cwd=(self._log or Path(__file__).parent).parent,
                start_new_session=True,
            )
        try:
            self.client().list_buckets()  # the socket listens already, so this one request waits for the start
        except (BotoCoreError, ClientError) as error:
            self.stop()
            raise Problem(
                f"the embedded S3 at {self.endpoint} does not answer",
                f"Read its log ({self._log or 'none was kept'}) and start it again",
            ) from error
        return self

    def client(self) -> "S3Client":
        """Return a boto3 client for this server, whatever the environment says."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIAL,
            aws_secret_access_key=CREDENTIAL,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=_START_TIMEOUT, proxies={}),
        )

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket, unless it exists."""
        self.client().create_bucket(Bucket=bucket)

    def stop(self) -> None:
        """Stop the process and wait for its end; harmless when it is not running."""
        if not self._process:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _listener(port: int) -> socket.socket:
    """Return a listening socket to hand on; bound here, so that no other program takes the port in between."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise Problem(f"port {port} on {HOST} is taken", "Stop what listens there, or choose another port") from error
    listener.listen(128)
    return listener
