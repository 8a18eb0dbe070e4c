import socket

import pytest

from tidemark.core.errors import Problem
from tidemark.local.ports import HOST, ensure_free, free_port


def test_a_free_port_can_be_taken_and_is_then_refused() -> None:
    port = free_port()
    ensure_free(port)
    with socket.socket() as listener:
        listener.bind((HOST, port))
        listener.listen()
        with pytest.raises(Problem, match=f"port {port} is taken"):
            ensure_free(port)
    ensure_free(port)
