import socket
from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.local.ports import HOST, Ports, free_port, is_free


def test_a_port_is_free_until_a_program_listens_on_it() -> None:
    port = free_port()
    assert is_free(port)
    with socket.create_server((HOST, port)):
        assert not is_free(port)
    assert is_free(port)


def test_a_part_has_the_same_port_at_each_start(tmp_path: Path) -> None:
    file = tmp_path / "run" / "ports.json"
    first = Ports.kept_in(file)
    ports = {name: first.of(name) for name in ("S3", "PostgreSQL", "Airflow")}
    assert len(set(ports.values())) == len(ports)
    assert {name: Ports.kept_in(file).of(name) for name in ports} == ports


def test_only_a_port_that_is_taken_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    kept, taken = Ports.kept_in(file).of("S3"), Ports.kept_in(file).of("PostgreSQL")
    with socket.create_server((HOST, taken)):
        changed = Ports.kept_in(file).of("PostgreSQL")
    assert changed != taken
    assert Ports.kept_in(file).of("S3") == kept
    assert Ports.kept_in(file).of("PostgreSQL") == changed


def test_a_preferred_port_is_taken_only_while_it_is_free() -> None:
    port = free_port()
    assert Ports().of("Airflow", port) == port
    with socket.create_server((HOST, port)):
        assert Ports().of("Airflow", port) != port


def test_a_chosen_port_is_remembered_and_refused_when_taken(tmp_path: Path) -> None:
    file, port = tmp_path / "ports.json", free_port()
    Ports.kept_in(file).choose("Airflow", port)
    assert Ports.kept_in(file).of("Airflow", 8080) == port
    with socket.create_server((HOST, port)), pytest.raises(Problem, match=f"port {port} is taken"):
        Ports.kept_in(file).choose("Airflow", port)
