"""Ports on loopback, the same at each start."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tidemark.core.errors import Problem

HOST = "127.0.0.1"


class Ports:
    """The ports of one system by name. With a `file` they are remembered; one is changed only when it is taken."""

    def __init__(self, file: Path | None = None, known: Mapping[str, int] | None = None) -> None:
        self._file = file
        self._known = dict(known or {})

    @classmethod
    def kept_in(cls, file: Path) -> Self:
        """Return the ports that a file remembers, and those to come; there may be no file yet."""
        return cls(file, json.loads(file.read_text()) if file.exists() else {})

    def of(self, name: str, preferred: int = 0) -> int:
        """Return the port of a part: the one of the last start, else `preferred`, else any; the first that is free."""
        wanted = self._known.get(name) or preferred
        port = wanted if wanted and is_free(wanted) else free_port()
        if port != self._known.get(name):
            self._remember(name, port)
        return port

    def choose(self, name: str, port: int) -> None:
        """Use this port from now on. Raises Problem where something listens on it."""
        if not is_free(port):
            raise Problem(f"port {port} is taken", "Stop the program that uses it, or choose another port: --port")
        self._remember(name, port)

    def _remember(self, name: str, port: int) -> None:
        self._known[name] = port
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._known, indent=1))


def free_port() -> int:
    """Return a port that is free right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Tell whether no program listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
