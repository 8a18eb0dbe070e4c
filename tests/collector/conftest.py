from pathlib import Path

import pytest

from tests.collector.spool.disks import RefusingDisk


@pytest.fixture
def disk(tmp_path: Path) -> RefusingDisk:
    """An empty spool on a disk that refuses on demand."""
    disk = RefusingDisk(tmp_path)
    disk.prepare()
    return disk
