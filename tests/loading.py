"""An Airflow that loads hours: with an archive and a warehouse of its own, everything else as in production."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import psycopg2

from tests.dags.archived import archive_hour
from tidemark.core.hour import Hour, hours
from tidemark.local.services.airflow import Airflow, members

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Secrets that cannot be mistaken for anything else; the embedded S3 takes any, and the Events API is out of reach.
PLANTED = {
    "AWS_SECRET_ACCESS_KEY": "planted-7f3c9d21-airflow-aws",
    "OPENSEA_API_KEY": "planted-7f3c9d21-airflow-opensea",
    "TIDEMARK_API_URL": "http://127.0.0.1:1/api/v2",
}


@dataclass(frozen=True)
class Loading:
    """A running Airflow, and what its tasks read and write."""

    airflow: Airflow
    s3: "S3Client"
    bucket: str
    warehouse_url: str

    def archive(self, first: str, last: str = "", sales: int = 3) -> list[str]:
        """Put each hour of a range into the archive, and return their keys."""
        wanted = list(hours(Hour.parse(first), Hour.parse(last or first)))
        for hour in wanted:
            archive_hour(self.s3, self.bucket, hour, sales=sales)
        return [hour.key for hour in wanted]

    def loaded(self, keys: list[str]) -> dict[str, int]:
        """Return how many sales the warehouse holds of these hours, by hour; one that was not loaded is absent."""
        query = """
            SELECT to_char(source_hour, 'YYYY-MM-DD"T"HH24'), count(sale_uid)
            FROM (SELECT DISTINCT source_hour FROM ops.load_run) AS run LEFT JOIN core.sale USING (source_hour)
            GROUP BY source_hour HAVING to_char(source_hour, 'YYYY-MM-DD"T"HH24') = ANY(%s)
        """
        connection = psycopg2.connect(self.warehouse_url, options="-c TimeZone=UTC")
        with connection.cursor() as cursor:
            cursor.execute(query, (keys,))
            found = dict(cursor.fetchall())
        connection.close()
        return found


def left_behind(sessions: set[int]) -> list[str]:
    """Return the command lines of these sessions' processes that still run."""
    found = []
    for pid in members(sessions):
        with suppress(psutil.NoSuchProcess):
            found.append(" ".join(psutil.Process(pid).cmdline()))
    return found
