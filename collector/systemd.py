"""The edge to systemd: readiness, watchdog and a status line. Without systemd nothing happens."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Tells the service manager how the process is. See sd_notify(3)."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = int(environ.get("WATCHDOG_USEC", "0") or 0) / 1e6

    def tell(self, *states: str) -> None:
        """Send states such as `READY=1`; a manager that does not listen is not worth a failure."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.setblocking(False)
            try:
                manager.sendto("\n".join(states).encode(), self._address)
            except OSError:
                return
