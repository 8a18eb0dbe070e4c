import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemark.archive.manifest import Manifest, print_manifest
from tidemark.archive.names import ManifestKey
from tidemark.core.hour import Hour
from tidemark.local.environment import bare
from tidemark.local.process import tidemark
from tidemark.local.services.s3 import S3Server

SECRET = "s3cret-never-shown"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def fails(tmp_path: Path):
    """Run a verb that must fail as a person expects it to, and return what it said."""

    def run(*words: str, status: int = 1, **settings: str) -> str:
        environment = bare({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}) | settings
        done = subprocess.run(
            tidemark(*words), env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        assert "Traceback" not in said
        assert SECRET not in said
        return said

    return run


def test_an_unknown_verb(fails) -> None:
    assert "No such command 'colect'" in fails("colect", status=2)


def test_an_unknown_option(fails) -> None:
    assert "No such option" in fails("upload", "--frce", status=2)


@pytest.mark.parametrize("hour", ["yesterday", "2026-11-22T25", "2026-11-22"])
def test_an_hour_that_is_none(fails, hour: str) -> None:
    assert "2026-11-22T15" in fails("load", hour, status=2)


def test_every_bad_setting_is_named_at_once_and_its_value_kept_secret(fails) -> None:
    said = fails("collect", status=2, TIDEMARK_STREAM_URL=f"wss://x?token={SECRET}", TIDEMARK_METRICS_PORT="99999")
    assert all(
        name in said for name in ("TIDEMARK_COLLECTOR", "TIDEMARK_SPOOL", "TIDEMARK_METRICS_PORT", "OPENSEA_API_KEY")
    )
    assert "Next:" in said


def test_a_slug_that_is_none_before_anything_comes_up(fails) -> None:
    assert "TIDEMARK_COLLECTIONS" in fails("up", status=2, TIDEMARK_COLLECTIONS="pudgy!")


def test_a_warehouse_address_that_is_none(fails) -> None:
    said = fails("migrate", TIDEMARK_WAREHOUSE_URL=f"mysql://me:{SECRET}@db/warehouse")
    assert "postgresql://USER:PASSWORD@HOST:5432/DATABASE" in said


def test_the_simulators_port_is_taken(fails, taken_port: int) -> None:
    said = fails("simulate", "--port", str(taken_port))
    assert f"port {taken_port}" in said
    assert "Next:" in said


def test_the_port_of_the_airflow_ui_is_taken(fails, taken_port: int, tmp_path: Path) -> None:
    said = fails("up", "--port", str(taken_port))
    assert f"port {taken_port} is taken" in said
    assert "--port" in said
    assert not (tmp_path / ".run" / "up" / "state.json").exists()


@pytest.mark.parametrize(
    "words", [["migrate"], ["load", "2026-11-22T15"], ["query", "top_sales"], ["coverage"], ["repair", "2026-11-22T15"]]
)
def test_the_database_is_dead(fails, dead_port: int, words: list[str], s3_server: S3Server, bucket: str) -> None:
    hour = Hour.parse("2026-11-22T15")
    manifest = Manifest(hour=hour.key, collector="collector-a", software="test", written_at=hour.end)
    s3_server.client().put_object(
        Bucket=bucket, Key=str(ManifestKey("", "collector-a", hour)), Body=print_manifest(manifest)
    )
    address = f"postgresql://me:{SECRET}@127.0.0.1:{dead_port}/warehouse"
    said = fails(*words, TIDEMARK_WAREHOUSE_URL=address, TIDEMARK_BUCKET=bucket, **s3_server.environment)
    assert f"127.0.0.1:{dead_port}" in said
    assert "Next:" in said


def unreachable(port: int) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "TIDEMARK_BUCKET": "archive",
        "TIDEMARK_UPLOAD_ATTEMPTS": "1",
    }


def test_s3_is_unreachable_for_an_upload(fails, dead_port: int, tmp_path: Path) -> None:
    sealed = tmp_path / "spool" / "sealed"
    sealed.mkdir(parents=True)
    (sealed / "20261120T10.0001.jsonl").write_text(
        '{"received_at":"2026-11-20T10:00:00Z","topic":null,"unparsed":""}\n'
    )
    said = fails(
        "upload", TIDEMARK_COLLECTOR="collector-a", TIDEMARK_SPOOL=str(tmp_path / "spool"), **unreachable(dead_port)
    )
    assert f"bucket 'archive' at 127.0.0.1:{dead_port}: the connection was refused" in said
    assert "Next:" in said


def test_s3_is_unreachable_for_a_load(fails, dead_port: int, warehouse_url: str) -> None:
    said = fails("load", "2026-11-22T15", TIDEMARK_WAREHOUSE_URL=warehouse_url, **unreachable(dead_port))
    assert f"127.0.0.1:{dead_port}" in said
    assert "Next:" in said


def test_a_demo_that_finds_its_folder_in_use(fails, tmp_path: Path) -> None:
    from tidemark.local.folder import only_one

    with only_one(tmp_path / ".run" / "demo"):
        assert "another Tidemark is running" in fails("demo")


def test_nothing_is_up(tmp_path: Path) -> None:
    done = subprocess.run(tidemark("down"), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "Nothing was up.\n"
