import socket
from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.local.folder import only_one
from tidemark.local.ports import free_port
from tidemark.local.up.control import bring_down, bring_up
from tidemark.local.up.state import read_state


def test_a_system_that_does_not_come_up_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    with only_one(tmp_path / "up"), pytest.raises(Problem, match="the system did not come up"):
        bring_up(tmp_path / "up", tmp_path / "up", free_port(), said.append)
    assert f"another Tidemark is running in {tmp_path / 'up'}" in "\n".join(said)
    assert read_state(tmp_path / "up") is None


def test_a_taken_port_is_found_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Problem, match=f"port {port} is taken"):
            bring_up(tmp_path / "up", tmp_path / "up", port, print)
    assert list(tmp_path.iterdir()) == []


def test_nothing_comes_down_where_nothing_is_up(tmp_path: Path) -> None:
    assert not bring_down(tmp_path)
