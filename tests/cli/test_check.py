import json
import os
import subprocess
from pathlib import Path

import pytest

from tidemark.local.environment import COLLECTORS, bare, collecting, loading, uploading
from tidemark.local.process import tidemark
from tidemark.local.services.s3 import S3Server
from tidemark.local.services.simulator import SimulatorProcess


def run(folder: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = bare(os.environ) | {"COLUMNS": "80"} | settings
    return subprocess.run(
        tidemark("check", *words), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.postgres
def test_a_machine_with_everything_passes_in_80_columns(
    tmp_path: Path, s3_server: S3Server, warehouse_url: str, bucket: str
) -> None:
    simulator = SimulatorProcess(tmp_path / "simulator", bare(os.environ), sales_share=0.1)
    simulator.start()
    try:
        source, spool = simulator.source, tmp_path / "spool"
        settings = collecting(COLLECTORS[0], spool, source) | uploading(COLLECTORS[0], spool, clock="")
        settings |= loading(warehouse_url, source) | s3_server.environment | {"TIDEMARK_BUCKET": bucket}
        done = run(tmp_path, **settings)
        wrong = run(tmp_path, "collector", "--json", **(settings | {"OPENSEA_API_KEY": "s3cret"}))
    finally:
        simulator.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert wrong.returncode == 1
    failed = [result for result in json.loads(wrong.stdout) if result["state"] == "failed"]
    assert [(result["program"], result["check"]) for result in failed] == [("collector", "key and clock")]
    assert "refused the key" in failed[0]["note"]
    assert "s3cret" not in wrong.stdout + wrong.stderr


def test_a_machine_without_settings_is_not_called_good(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, "Nothing to check" in done.stdout) == (1, True)


def test_wrong_settings_are_listed_and_what_needs_them_is_left_out(tmp_path: Path) -> None:
    done = run(tmp_path, "collector", "--json", "--offline", TIDEMARK_SPOOL=str(tmp_path), TIDEMARK_COLLECTION="x")
    (result,) = json.loads(done.stdout)
    assert done.returncode == 1
    for name in ("TIDEMARK_COLLECTOR:", "OPENSEA_API_KEY:", "TIDEMARK_COLLECTION:"):
        assert name in result["note"]


def test_offline_asks_nothing_of_the_network(tmp_path: Path) -> None:
    settings = {"TIDEMARK_SPOOL": str(tmp_path), "TIDEMARK_COLLECTOR": "collector-a", "OPENSEA_API_KEY": "k"}
    nowhere = {"TIDEMARK_STREAM_URL": "ws://127.0.0.1:1/x"}
    done = run(tmp_path, "collector", "--offline", "--json", **settings, **nowhere)
    assert [result["check"] for result in json.loads(done.stdout)] == ["settings", "spool and disk", "clock", "metrics"]
    assert done.returncode == 0


@pytest.mark.postgres
def test_an_address_alone_is_for_asking(tmp_path: Path, warehouse_url: str) -> None:
    done = run(tmp_path, "--json", TIDEMARK_WAREHOUSE_URL=warehouse_url)
    found = {(each["program"], each["check"]): each["state"] for each in json.loads(done.stdout)}
    assert done.returncode == 0
    assert found["loader", "settings"] == "skipped"
    assert [found["reader", check] for check in ("settings", "warehouse", "encoding", "reading")] == ["ok"] * 4


def test_a_fault_in_one_check_is_a_row_with_its_reference_number_and_the_others_go_on(tmp_path: Path) -> None:
    settings = {"TIDEMARK_SPOOL": str(tmp_path), "TIDEMARK_COLLECTOR": "collector-a", "OPENSEA_API_KEY": "k"}
    broken = tmp_path / "fault" / "sitecustomize.py"
    broken.parent.mkdir()
    broken.write_text(
        "import shutil\n\ndef fail(path):\n    raise ZeroDivisionError('s3cret')\n\nshutil.disk_usage = fail\n"
    )
    places = {"PYTHONPATH": str(broken.parent), "HOME": str(tmp_path), "TIDEMARK_BUCKET": "archive"}
    done = run(tmp_path, "collector", "uploader", "--offline", "--json", **settings, **places)
    results = {(each["program"], each["check"]): each for each in json.loads(done.stdout)}
    fault = results["collector", "spool and disk"]
    assert (done.returncode, fault["state"]) == (1, "failed")
    assert "this is a fault of Tidemark itself (ZeroDivisionError, reference " in fault["note"]
    assert "s3cret" not in done.stdout + done.stderr
    assert results["uploader", "settings"]["state"] == "ok"
