from pathlib import Path

import pytest

from tidemark.core.errors import Problem
from tidemark.local.lock import only_one


def test_one_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "demo"
    with only_one(folder):
        with pytest.raises(Problem, match=f"another Tidemark is running in {folder}"), only_one(folder):
            pass
        with only_one(tmp_path / "new" / "other"):
            pass
    with only_one(folder):
        pass
