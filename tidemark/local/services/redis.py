"""A Redis on this machine, for Celery's queue: Debian's own program on a loopback port, nothing kept on disk."""

import shutil
import socket
import time
from pathlib import Path
from typing import Self

from tidemark.core.errors import Problem
from tidemark.local.process import Process

_HOST = "127.0.0.1"
_START_TIMEOUT = 20.0


class Redis:
    """One Redis whose log lies in `folder`; `with Redis(folder) as redis:` starts it, waits for it, and stops it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind((_HOST, 0))
            self._port = int(probe.getsockname()[1])
        options = {"bind": _HOST, "port": str(self._port), "save": "", "appendonly": "no"}
        command = ["redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))]
        self._process = Process("redis", command, {}, folder.resolve() / "redis.log")

    @property
    def url(self) -> str:
        """The address for Celery."""
        return f"redis://{_HOST}:{self._port}/0"

    def __enter__(self) -> Self:
        if not shutil.which("redis-server"):
            raise Problem("redis-server is not installed", "On Debian: apt-get install redis-server")
        self._process.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._answers():
            if not self._process.pid or time.monotonic() > deadline:
                failure = self._process.failure("does not answer")
                self._process.stop()
                raise failure
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((_HOST, self._port)) == 0
