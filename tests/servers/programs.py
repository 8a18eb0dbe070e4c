"""S3 servers that are not ours, as processes on loopback; `tests/servers/install` fetches their programs."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tidemark.local.ports import free_port

HERE = Path(__file__).parent
PROGRAMS = HERE.parents[1] / ".servers"
_START_TIMEOUT = 90.0
Command = tuple[list[str], dict[str, str]]


@dataclass(frozen=True)
class Server:
    """A kind of server: how it is started, its key pair, and what it is known to do."""

    command: Callable[[int, Path], Command]
    key: tuple[str, str]
    puts_once: bool
    puts_once_in_parts: bool
    reports_encryption: bool


def _ceph(port: int, folder: Path) -> Command:
    return [str(HERE / "ceph"), str(port), str(folder), str(PROGRAMS / "ceph")], {}


def _juicefs(port: int, folder: Path) -> Command:
    program, meta = str(PROGRAMS / "venv/bin/juicefs"), f"sqlite3://{folder}/meta.db"
    subprocess.run(
        [program, "format", "--storage", "file", "--bucket", f"{folder}/data/", meta, "test"],
        check=True,
        capture_output=True,
    )
    words = [program, "gateway", "--multi-buckets", "--no-usage-report", "--cache-dir", f"{folder}/cache", meta]
    return [*words, f"127.0.0.1:{port}"], {"MINIO_ROOT_USER": "local", "MINIO_ROOT_PASSWORD": "locallocal"}


def _rclone(port: int, folder: Path) -> Command:
    program, address = str(PROGRAMS / "venv/bin/rclone"), f"127.0.0.1:{port}"
    (folder / "data").mkdir()
    words = [program, "serve", "s3", str(folder / "data"), "--addr", address, "--vfs-cache-mode", "writes"]
    # the key as docker-compose.yml gives it
    settings = {"RCLONE_CONFIG": os.devnull, "RCLONE_AUTH_KEY": '"local,locallocal"'}
    return [*words, "--cache-dir", str(folder / "cache")], settings


def _s3rver(port: int, folder: Path) -> Command:
    program = str(PROGRAMS / "npm/node_modules/.bin/s3rver")
    return [program, "-d", str(folder), "-a", "127.0.0.1", "-p", str(port), "--no-vhost-buckets"], {}


LOCAL = ("local", "locallocal")
SERVERS = {
    "ceph": Server(_ceph, LOCAL, puts_once=True, puts_once_in_parts=False, reports_encryption=False),
    "juicefs": Server(_juicefs, LOCAL, puts_once=False, puts_once_in_parts=False, reports_encryption=False),
    "rclone": Server(_rclone, LOCAL, puts_once=False, puts_once_in_parts=False, reports_encryption=True),
    "s3rver": Server(
        _s3rver, ("S3RVER", "S3RVER"), puts_once=False, puts_once_in_parts=False, reports_encryption=False
    ),
}


@contextmanager
def running(name: str, folder: Path) -> Iterator[dict[str, str]]:
    """Start a server and yield the AWS_* variables that lead to it; end it with all of its processes."""
    server, port = SERVERS[name], free_port()
    folder.mkdir(parents=True)
    words, settings = server.command(port, folder)
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, env=os.environ | settings, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": server.key[0],
        "AWS_SECRET_ACCESS_KEY": server.key[1],
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        _wait(environment, process, log)
        yield environment
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def client(environment: dict[str, str]) -> "boto3.client":
    """Return a client of boto3's own defaults, which knows nothing of Tidemark."""
    return boto3.Session().client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}),
    )


def _wait(environment: dict[str, str], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            client(environment).list_buckets()
        except (BotoCoreError, ClientError):
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.5)
        else:
            return
