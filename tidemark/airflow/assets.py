"""What the DAGs read and write, as Airflow's assets: other DAGs are scheduled on these, and lineage is drawn from them.

Their addresses follow the schemes of Airflow's providers for PostgreSQL and S3. They are made while DAG files are read,
so only the environment is asked: `AIRFLOW_CONN_TIDEMARK_WAREHOUSE`, else `TIDEMARK_WAREHOUSE_URL`. Where the warehouse
is a connection in Airflow's own database, the address is `postgres://tidemark-warehouse:5432/tidemark/…`: a name to
schedule on, which need not be reachable. DAGs of others name an asset by its name alone: `Asset.ref(name="sales")`.
"""

import json
import os
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from airflow.sdk import Asset

_DEFAULT = "postgresql://tidemark-warehouse:5432/tidemark"


def warehouse_address(environ: Mapping[str, str]) -> str:
    """Return `postgres://HOST:PORT/DATABASE` of the warehouse that the environment names."""
    text = environ.get("AIRFLOW_CONN_TIDEMARK_WAREHOUSE") or environ.get("TIDEMARK_WAREHOUSE_URL") or _DEFAULT
    try:
        if text.lstrip().startswith("{"):
            parts = json.loads(text)
            host, port, database = parts.get("host"), parts.get("port"), parts.get("schema")
        else:
            url = urlsplit(text)
            host, port, database = url.hostname, url.port, unquote(url.path.strip("/"))
    except (ValueError, AttributeError):  # a task that uses it says what is wrong
        return warehouse_address({})
    return f"postgres://{host or 'localhost'}:{port or 5432}/{quote(database or 'tidemark', safe='')}"


def archive_address(environ: Mapping[str, str]) -> str:
    """Return `s3://BUCKET/PREFIXmanifests`: a manifest is what says that an hour can be loaded."""
    return f"s3://{environ.get('TIDEMARK_BUCKET') or 'tidemark'}/{environ.get('TIDEMARK_PREFIX', '')}manifests"


_WAREHOUSE = warehouse_address(os.environ)
ARCHIVE = Asset(name="archive", uri=archive_address(os.environ))
SALES = Asset(name="sales", uri=f"{_WAREHOUSE}/core/sale")
DAILY = [
    Asset(name=table, uri=f"{_WAREHOUSE}/mart/{table}") for table in ("collection_daily", "wallet_daily", "sale_flags")
]
