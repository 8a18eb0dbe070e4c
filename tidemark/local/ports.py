"""Ports on loopback."""

import socket

from tidemark.core.errors import Problem

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def ensure_free(port: int) -> None:
    """Raise Problem where something listens on a port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Problem(f"port {port} is taken", "Stop what uses it, or choose another: --port") from error
