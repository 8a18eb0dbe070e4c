"""A Redis on this machine, for Celery's queue: Debian's own program on a loopback port, nothing kept on disk."""

import shutil
import time
from pathlib import Path

from tidemark.core.errors import Problem
from tidemark.local.ports import HOST, free_port, is_free
from tidemark.local.process import Process, Service

_START_TIMEOUT = 60.0


class Redis(Service):
    """One Redis whose log lies in `folder`; `with Redis(folder) as redis:` starts it, waits for it, and stops it."""

    def __init__(self, folder: Path) -> None:
        self._log = folder.resolve() / "redis.log"
        self._port = 0
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """The address for Celery; known once started."""
        return f"redis://{HOST}:{self._port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers. Raises Problem where it does not, or is not installed."""
        if not shutil.which("redis-server"):
            raise Problem("redis-server is not installed", "On Debian: apt-get install redis-server")
        self._port = free_port()
        options = {"bind": HOST, "port": str(self._port), "save": "", "appendonly": "no"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = Process("redis", ["redis-server", *words], {}, self._log).start()
        deadline = time.monotonic() + _START_TIMEOUT
        while is_free(self._port):
            if not self._process.pid or time.monotonic() > deadline:
                failure = self._process.failure("does not answer")
                self.stop()
                raise failure
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it; harmless when it does not run."""
        if self._process:
            self._process.stop()
