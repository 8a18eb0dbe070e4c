import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tidemark.core.errors import Problem
from tidemark.local.services.redis import Redis


@pytest.mark.skipif(
    not shutil.which("redis-server"), reason="Redis is missing; on Debian: apt-get install redis-server"
)
def test_it_answers_on_loopback_and_ends_with_its_block(tmp_path: Path) -> None:
    with Redis(tmp_path) as redis:
        address = urlsplit(redis.url)
        assert address.hostname == "127.0.0.1"
        with socket.create_connection(("127.0.0.1", address.port), timeout=60) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(16) == b"+PONG\r\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", address.port), timeout=60)


def test_a_machine_without_redis_gets_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="apt-get install redis-server"), Redis(tmp_path):
        pass
