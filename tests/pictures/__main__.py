"""Make the pictures of `docs/pictures/`: a week is recorded and loaded, then looked at as people look at it.

`python -m tests.pictures` needs Chromium and takes some minutes; `--only query grafana page airflow` makes some.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg2
from pydantic import SecretStr

from tests.pictures import browser, grafana, terminal
from tests.query.page import week
from tidemark.loader.marts import refresh_days
from tidemark.loader.settings import LoaderSettings
from tidemark.loader.warehouse.migrate import migrate
from tidemark.local.demo.week import make_week
from tidemark.local.services.airflow import Airflow
from tidemark.local.services.postgres import UNSAFE_BUT_FAST, Postgres
from tidemark.local.services.s3 import S3Server
from tools.drawings import PICTURES

BUCKET = "pictures"
ALL = ("query", "grafana", "page", "airflow")

parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
parser.add_argument("--only", nargs="+", choices=ALL, default=ALL)
asked = parser.parse_args()


def main(only: set[str]) -> None:
    """Make the chosen pictures."""
    PICTURES.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pictures-")))
        postgres = stack.enter_context(Postgres(folder / "postgres", settings=UNSAFE_BUT_FAST))
        for database in ("warehouse", "market", "airflow"):
            _create(postgres.url(), database)
        url = SecretStr(postgres.url("warehouse"))
        migrate(url)
        s3 = stack.enter_context(S3Server())
        os.environ.update(s3.environment)
        if "grafana" in only:
            _of_the_demo(SecretStr(postgres.url("market")), s3)
        if only != {"grafana"}:
            _of_a_week(only, url, s3, lambda settings: Airflow(folder / "airflow", postgres.url("airflow"), settings))


def _of_the_demo(url: SecretStr, s3: S3Server) -> None:
    """Make the demo's week, whose floors and spreads are known, and draw what Grafana asks of it."""
    migrate(url)
    s3.create_bucket("market")
    settings = LoaderSettings(
        warehouse_url=url, bucket="market", collectors=week.COLLECTORS, book_depth=100, transfers=True
    )
    make_week(settings, week.FIRST, week.LAST)
    grafana.draw(url, PICTURES, f"{week.FIRST.start:%Y-%m-%dT%H}:00Z", f"{week.LAST.end:%Y-%m-%dT%H}:00Z")


def _of_a_week(only: set[str], url: SecretStr, s3: S3Server, airflow: Callable[[dict[str, str]], Airflow]) -> None:
    """Record and load a week, and look at it."""
    s3.create_bucket(BUCKET)
    recorded = week.record(s3.client(), BUCKET)
    week.load(LoaderSettings(warehouse_url=url, bucket=BUCKET, collectors=week.COLLECTORS), recorded)
    refresh_days(url, log=lambda _: None)
    if "query" in only:
        terminal.draw(url, PICTURES)
    if "page" in only:
        browser.page(url, PICTURES)
    if "airflow" in only:
        environment = {"TIDEMARK_WAREHOUSE_URL": url.get_secret_value(), "TIDEMARK_BUCKET": BUCKET,
                       "TIDEMARK_COLLECTORS": ",".join(week.COLLECTORS)}  # fmt: skip
        with airflow(environment | s3.environment) as running:
            browser.airflow(running, PICTURES)


def _create(url: str, database: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {database}")
    connection.close()


if __name__ == "__main__":
    main(set(asked.only))
    for file in sorted(PICTURES.iterdir()):
        print(f"{file.stat().st_size / 1000:6.1f} kB  {file.name}")
