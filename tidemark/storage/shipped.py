"""The folders that ship with the package: `sql/` and `dags/`."""

from pathlib import Path
from typing import Literal

import tidemark


def shipped(name: Literal["dags", "sql"]) -> Path:
    """Return the folder `name`: inside the package where a wheel was installed, beside it in a checkout."""
    package = Path(tidemark.__file__).parent
    installed = package / name
    return installed if installed.is_dir() else package.parent / name
