from pathlib import Path

import pytest

from tests.faults.loads import run
from tidemark.local.services.s3 import S3Server


def test_loads_that_are_killed_or_cut_off_leave_no_trace(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)  # so that what the run sets is put back
    fired, wrong = run(6, seed=7, folder=tmp_path)
    assert fired["killed"] >= 1
    assert fired["restarted"] >= 1
    assert wrong == []
