"""What docs/backup.md says of the one table that is in no archive, done with a real psql."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.loader.contents import query
from tidemark.local.services.postgres import Postgres

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text()


@pytest.mark.postgres
@pytest.mark.skipif(not shutil.which("psql"), reason="needs: apt-get install postgresql-client")
def test_recipients_of_fees_that_a_person_classified_come_along(
    postgres_server: Postgres, migrated: str, warehouse_url: str, tmp_path: Path
) -> None:
    rows = "SELECT recipient, chain, from_at::text, kind, name FROM core.fee_recipient ORDER BY 1, 2, 3"
    query(warehouse_url, "INSERT INTO core.fee_recipient VALUES ('0xmine', '*', '-infinity', 'other', 'a \"b\", c')")
    query(warehouse_url, "UPDATE core.fee_recipient SET name = 'changed' WHERE recipient <> '0xmine'")
    keep, restore = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "fee_recipient.csv" in block]
    with fresh_database(postgres_server, migrated) as new_url:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "OWNER_URL": warehouse_url,
            "NEW_OWNER_URL": new_url,
        }
        for step in (keep, restore, restore):  # a second time changes nothing
            subprocess.run(["sh", "-euc", step], cwd=tmp_path, env=environment, check=True)
        assert query(new_url, rows) == query(warehouse_url, rows)
