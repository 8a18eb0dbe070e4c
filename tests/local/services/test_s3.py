import socket

import psutil
import pytest

from tidemark.core.errors import Problem
from tidemark.local.services.s3 import HOST, S3Server


def test_serves_objects_as_its_own_process_and_ends_with_the_block(tmp_path):
    with S3Server(log=tmp_path / "s3.log") as server:
        server.create_bucket("archive")
        server.create_bucket("archive")
        client = server.client()
        client.put_object(Bucket="archive", Key="key", Body=b"content")
        assert client.get_object(Bucket="archive", Key="key")["Body"].read() == b"content"
        pid = server.pid
        assert pid is not None
        assert psutil.Process(pid).net_connections()[0].laddr.ip == HOST
    assert server.pid is None
    assert not psutil.pid_exists(pid)


def test_takes_the_port_it_is_given():
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    with S3Server(port=port) as server:
        assert server.endpoint == f"http://{HOST}:{port}"
        assert server.environment["AWS_ENDPOINT_URL"] == server.endpoint


def test_a_taken_port_is_a_problem_that_names_it():
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Problem, match=f"port {port} on {HOST} is taken"):
            S3Server(port=port).start()


def test_a_process_that_ends_at_once_is_a_problem(monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    server = S3Server()
    with pytest.raises(Problem, match="does not answer"):
        server.start()
    assert server.pid is None


def test_stop_is_harmless_when_nothing_runs():
    S3Server().stop()
