"""The Iceberg tables as engines read them that share no code with the library that wrote them."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.query.test_export_run import change, exported, late_sale, market
from tidemark.query.exported import TABLES
from tidemark.query.iceberg import IcebergLake
from tidemark.storage.postgres import connected

__all__ = ["market"]
PYTHON = Path(__file__).parents[2] / ".venv-iceberg" / "bin" / "python"
QUESTION = """
    SELECT month, count(*), CAST(sum(price_eth) AS {text}), max(price), min({time}), count(nft_name)
    FROM {table} GROUP BY month ORDER BY month
"""
# each takes a folder of tables, and as JSON pairs of a table and a question; it prints the rows of every answer
DUCKDB = """
import duckdb, json, sys
from importlib import import_module
from pathlib import Path
database = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for name in ("avro", "iceberg"):
    folder = Path(import_module(f"duckdb_extension_{name}").__path__[0])
    (extension,) = folder.rglob("*.duckdb_extension")
    database.load_extension(str(extension))
answers = []
for table, question in json.loads(sys.argv[2]):
    newest = max(Path(sys.argv[1], table).glob("metadata/*.metadata.json"))
    rows = database.sql(question.replace("TABLE", f"iceberg_scan('{newest}')")).fetchall()
    answers.append([list(map(str, row)) for row in rows])
print(json.dumps(answers))
"""
CLICKHOUSE = """
import chdb, json, sys
answers = []
for table, question in json.loads(sys.argv[2]):
    scan = f"icebergLocal('{sys.argv[1]}/{table}', Parquet)"
    answers.append(json.loads(chdb.query(question.replace("TABLE", scan), "JSONCompactStrings").bytes())["data"])
print(json.dumps(answers))
"""
SPARK = """
import json, sys
from pathlib import Path
from pyspark.sql import SparkSession
from snowpark_connect_deps_iceberg import get_jars_dir
(library,) = get_jars_dir().glob("iceberg-spark-runtime-3.5_2.12-*.jar")
session = SparkSession.builder.master("local[1]").config("spark.jars", str(library))
session = session.config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
spark = session.config("spark.sql.shuffle.partitions", "1").getOrCreate()
answers = []
for table, question in json.loads(sys.argv[2]):
    newest = max(Path(sys.argv[1], table).glob("metadata/*.metadata.json"))
    spark.read.format("iceberg").load(str(newest)).createOrReplaceTempView(table)
    rows = spark.sql(question.replace("TABLE", table)).collect()
    answers.append([list(map(str, row)) for row in rows])
print(json.dumps(answers))
"""
ENGINES = {
    "duckdb": (DUCKDB, "VARCHAR", "epoch_us(sold_at)"),
    "clickhouse": (CLICKHOUSE, "String", "toUnixTimestamp64Micro(sold_at)"),
    "spark": (SPARK, "STRING", "unix_micros(sold_at)"),
}


@pytest.mark.timeout(900)
@pytest.mark.skipif(not PYTHON.exists(), reason="needs the engines: make iceberg")
@pytest.mark.parametrize("engine", ENGINES)
def test_another_engine_reads_the_tables_exactly(market: str, tmp_path: Path, engine: str) -> None:
    lake = IcebergLake.open(str(tmp_path), tmp_path / "catalog.db")
    exported(market, lake, TABLES)
    late_sale(market)
    change(market, "UPDATE core.sale SET nft_name = 'late' WHERE token_id = '7'")
    exported(market, lake, TABLES)  # November is replaced, December is added
    program, as_text, time = ENGINES[engine]
    asked = [["sales", QUESTION.format(table="TABLE", text=as_text, time=time)]]
    asked += [[each.name, "SELECT count(*) FROM TABLE"] for each in TABLES]
    words = [str(PYTHON), "-c", program, str(tmp_path / "tidemark"), json.dumps(asked)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found, *counts = json.loads(done.stdout)
    with connected(SecretStr(market)) as connection:
        expected = connection.execute(text("""
            SELECT to_char(sold_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*), sum(price_eth),
                max(trim_scale(price)::text COLLATE "C"), min((extract(epoch FROM sold_at) * 1000000)::bigint),
                count(nft_name)
            FROM mart.sales GROUP BY 1 ORDER BY 1
        """)).all()  # fmt: skip
        rows = [connection.scalar(text(f"SELECT count(*) FROM {each.source}")) for each in TABLES]
    assert len(expected) == 2
    assert [[*row[:2], Decimal(row[2]), *row[3:]] for row in found] == [
        [row[0], str(row[1]), row[2], *map(str, row[3:])] for row in expected
    ]
    assert counts == [[[str(count)]] for count in rows]
