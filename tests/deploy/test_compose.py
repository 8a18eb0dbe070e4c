"""What docker-compose.yml says to programs that are not ours, in their own grammar."""

import csv
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_the_key_of_its_s3_is_one_pair_as_rclone_reads_it() -> None:
    # a list of pairs as CSV; tests/servers starts a real rclone with a variable of the same form
    written = COMPOSE["services"]["s3"]["environment"]["RCLONE_AUTH_KEY"]
    ((pair,),) = csv.reader([written])
    assert pair.split(",") == ["${AWS_ACCESS_KEY_ID:-local}", "${AWS_SECRET_ACCESS_KEY:-local-only}"]


def test_no_start_sets_back_the_slots_that_a_person_gave_the_pool() -> None:
    starts = ("docker-compose.yml", "deploy/kubernetes/values.yaml", "deploy/lib/airflow-setup")
    for text in [(ROOT / name).read_text() for name in starts]:
        assert ("airflow-pools" in text, "pools import" in text) == (True, False)
    assert "deploy/lib/airflow-pools" in (ROOT / "deploy" / "images" / "Dockerfile").read_text()
