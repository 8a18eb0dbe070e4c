import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidemark.archive.manifest import Manifest, print_manifest
from tidemark.archive.names import ManifestKey
from tidemark.cli.failures import explained, extra_of
from tidemark.core.errors import Problem
from tidemark.core.hour import Hour
from tidemark.local.environment import bare
from tidemark.local.ports import free_port
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
    return free_port()


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


@pytest.mark.parametrize("hour", ["the day before", "2026-11-22T25", "2026-11-22T15:04"])
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
    done = subprocess.run(tidemark("down"), cwd=tmp_path, capture_output=True, text=True, check=False)
    elsewhere = "Tidemark is up in" in done.stdout  # another test's, at the same time
    assert done.returncode == int(elsewhere), done.stderr
    assert elsewhere or done.stdout == "Nothing was up.\n"


def test_arguments_that_are_not_utf_8(tmp_path: Path) -> None:
    words = [*(os.fsencode(word) for word in tidemark("load")), b"2026-11-22T15\xff"]
    done = subprocess.run(words, cwd=tmp_path, env=bare(dict(os.environ)), capture_output=True, check=False)
    assert done.returncode == 1
    assert rb"the argument 2026-11-22T15\udcff is not UTF-8" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_output_that_is_not_utf_8_is_written_all_the_same(tmp_path: Path, encoding: str) -> None:
    environment = bare(dict(os.environ)) | {"PYTHONIOENCODING": encoding, "COLUMNS": "80"}
    done = subprocess.run(tidemark("--help"), cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"upload" in done.stdout


def test_a_full_output_is_a_failure(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            tidemark("--version"), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "no space is left on the disk" in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    with subprocess.Popen(tidemark("--help"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_dotenv_in_another_encoding(fails, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TIDEMARK_BUCKET=x\n", encoding="utf-16")
    assert "the file .env is not UTF-8" in fails("load", "2026-11-22T15")


def test_a_setting_that_does_not_exist(fails) -> None:
    said = fails("collect", status=2, TIDEMARK_COLLECTION="pudgypenguins")
    assert "TIDEMARK_COLLECTION: is no setting; did you mean TIDEMARK_COLLECTIONS?" in said


class UnforeseenError(Exception):
    """What no table knows."""


def fail() -> None:
    raise UnforeseenError(f"password={SECRET} at postgresql://me:{SECRET}x@host/name")


def unforeseen() -> Exception:
    with pytest.raises(UnforeseenError) as raised:
        fail()
    return raised.value


def test_what_is_not_expected_is_a_fault_with_a_reference_and_a_file(tmp_path: Path) -> None:
    text, status = explained(unforeseen(), {"HOME": str(tmp_path), "MY_PASSWORD": SECRET})
    assert status == 70
    reference = text.partition("reference ")[2][:8]
    file = tmp_path / ".local/state/tidemark" / f"tidemark-fault-{reference}.txt"
    assert str(file) in text
    assert len(text.splitlines()) == 2
    assert "UnforeseenError" in text
    details = file.read_text()
    assert "Traceback" in details
    assert SECRET not in details + text
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_service_keeps_the_details_in_its_own_folder(tmp_path: Path) -> None:
    text, _ = explained(unforeseen(), {"STATE_DIRECTORY": str(tmp_path / "state"), "HOME": "/nowhere"})
    assert f"the file {tmp_path}/state/tidemark-fault-" in text


def test_details_that_cannot_be_written_leave_the_place() -> None:
    text, _ = explained(unforeseen(), {"HOME": "/proc/nowhere"}, lambda: "/proc/nowhere")
    assert "in test_failures.py, line " in text
    assert SECRET not in text


def test_several_failures_at_once_are_as_good_as_the_first() -> None:
    group = ExceptionGroup("both", [ExceptionGroup("one", [Problem("the disk is full", "Make room")]), unforeseen()])
    assert explained(group, {}) == ("tidemark: the disk is full\n  Next: Make room", 1)


def test_hostile_text_cannot_act_on_the_terminal() -> None:
    text, _ = explained(Problem("the topic a\x1b[2J cannot be read", "Look"), {})
    assert text == "tidemark: the topic a\\x1b[2J cannot be read\n  Next: Look"


def test_an_error_of_the_system_names_the_file() -> None:
    text, status = explained(FileNotFoundError(2, "No such file", "/nowhere/x\n"), {})
    assert (text.splitlines()[0], status) == ("tidemark: /nowhere/x\\n: the file or folder does not exist", 1)


@pytest.mark.parametrize(
    ("module", "extra"),
    [("matplotlib.figure", "plots"), ("pyarrow", "parquet"), ("psycopg2", "loader"), ("nothing", None)],
)  # fmt: skip
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    module: str, extra: str | None, tmp_path: Path
) -> None:
    assert extra_of(module) == extra
    text, status = explained(ModuleNotFoundError(f"No module named {module!r}", name=module), {"HOME": str(tmp_path)})
    assert status == (1 if extra else 70)
    assert (f"pip install 'tidemark-nft[{extra}]'" in text) == bool(extra)
