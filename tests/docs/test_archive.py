"""The readers that the page on the archive recommends, reading an hour as the uploader packs it."""

import re
import subprocess
from io import BytesIO
from pathlib import Path

import duckdb
import pytest

from collector.upload.packing import pack
from tidemark.archive.names import ObjectKey, SegmentName
from tidemark.archive.record import record_line, unparsed_line
from tidemark.core.hour import Hour

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "archive.md").read_text()
PYSPARK = ROOT / ".venv-spark" / "bin" / "python"
KEY = str(ObjectKey("", "collector-a", SegmentName(Hour.parse("2026-11-22T05"), 1)))
AT = "2026-11-22T05:04:05.123456Z"
MESSAGE = b'{"event_type":"item_sold", "payload":{"price":1.10,"wei":115792089237316195423570985008687907853}}'


def example(reader: str, language: str) -> str:
    """Give what the page says to do with one of the readers."""
    return PAGE.partition(f"## {reader}\n")[2].partition(f"```{language}\n")[2].partition("```")[0]


@pytest.fixture
def archived(tmp_path: Path) -> Path:
    """Pack an hour of two messages and one unknown frame into a folder in place of the bucket."""
    lines = record_line(AT, "collection:*", MESSAGE) * 2 + unparsed_line(AT, b"hello")
    (tmp_path / KEY).parent.mkdir(parents=True)
    with (tmp_path / KEY).open("wb") as packed:
        pack(BytesIO(lines), len(lines), packed, level=3)
    return tmp_path


def test_duckdb_reads_it(archived: Path) -> None:
    statement = example("DuckDB", "sql")
    assert "s3://BUCKET/" in statement
    found = duckdb.sql(statement.replace("s3://BUCKET/", f"{archived}/")).fetchall()
    assert found == [("item_sold", 2), (None, 1)]


@pytest.mark.e2e
@pytest.mark.timeout(900)
@pytest.mark.skipif(not PYSPARK.exists(), reason="needs a Spark: make spark")
def test_spark_reads_it_and_gives_messages_byte_for_byte(archived: Path) -> None:
    program = example("Spark", "python")
    assert "s3a://BUCKET/" in program
    session = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
spark = spark.config("spark.driver.host", "127.0.0.1").getOrCreate()
"""
    verbatim = '\nfor row in events.where("message IS NOT NULL").collect():\n    print(row.message, row.hour)\n'
    done = subprocess.run(
        [PYSPARK, "-c", session + program.replace("s3a://BUCKET/", f"{archived}/") + verbatim],
        cwd=archived,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"| item_sold|    2|", "|      NULL|    1|"} <= set(done.stdout.splitlines())
    assert done.stdout.splitlines().count(f"{MESSAGE.decode()} 5") == 2


def test_athenas_table_has_the_columns_the_lines_have_and_lies_where_objects_do() -> None:
    table = example("Athena", "sql")
    columns, partitions = re.findall(r"\(([^()]+)\)", table.partition("ROW FORMAT")[0])
    assert re.findall(r"(\w+) string", columns) == ["received_at", "topic", "message", "unparsed"]
    assert set(re.findall(rb'"(\w+)":', record_line(AT, "x", b"0") + unparsed_line(AT, b""))) == {
        name.encode() for name in re.findall(r"(\w+) string", columns)
    }
    folder = dict(part.split("=") for part in KEY.split("/")[1:-1])
    assert re.findall(r"(\w+)`? string", partitions) == list(folder)
    (template,) = re.findall(r"'storage.location.template' = 's3://BUCKET/(.*)'", table)
    for name, value in folder.items():
        template = template.replace(f"${{{name}}}", value)
    assert KEY.startswith(template)
    assert "'projection.hour.digits' = '2'" in table
