"""The edge to systemd, against a socket that stands for it."""

import socket
from pathlib import Path

from collector.systemd import Notifier


def test_states_reach_the_service_manager(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        Notifier({"NOTIFY_SOCKET": str(address)}).tell("READY=1", "STATUS=joined")
        assert manager.recv(100) == b"READY=1\nSTATUS=joined"


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0tidemark-test")
        Notifier({"NOTIFY_SOCKET": "@tidemark-test"}).tell("WATCHDOG=1")
        assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nothing_happens(tmp_path: Path) -> None:
    Notifier({}).tell("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")


def test_the_watchdog_time_is_in_seconds() -> None:
    assert Notifier({"WATCHDOG_USEC": "60000000"}).watchdog_seconds == 60
    assert Notifier({}).watchdog_seconds == 0
