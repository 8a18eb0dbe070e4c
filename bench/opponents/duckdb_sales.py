"""The sales of a folder of segments, read by DuckDB into a table of typed columns. Runs in `.venv-bench`."""

import json
import sys
import time
from pathlib import Path

import duckdb

COLUMNS = """{
    received_at: 'TIMESTAMPTZ',
    message: 'STRUCT(
        event_type VARCHAR, sent_at TIMESTAMPTZ,
        payload STRUCT(
            item STRUCT(nft_id VARCHAR, metadata STRUCT(name VARCHAR)), collection STRUCT(slug VARCHAR),
            chain VARCHAR, quantity VARCHAR, sale_price VARCHAR, is_private BOOLEAN, order_hash VARCHAR,
            "transaction" STRUCT(hash VARCHAR, "timestamp" VARCHAR), closing_date TIMESTAMPTZ,
            event_timestamp TIMESTAMPTZ, maker STRUCT(address VARCHAR), taker STRUCT(address VARCHAR),
            payment_token STRUCT(
                address VARCHAR, decimals VARCHAR, symbol VARCHAR, usd_price VARCHAR, eth_price VARCHAR
            )
        )
    )'
}"""
STATEMENT = f"""
CREATE TABLE sale AS
SELECT
    received_at, message.sent_at, sold.event_timestamp, sold.closing_date, sold."transaction".hash,
    sold."transaction"."timestamp", split_part(sold.item.nft_id, '/', 2) AS contract, sold.item.metadata.name,
    split_part(sold.item.nft_id, '/', 3) AS token_id, sold.collection.slug, sold.chain, sold.quantity,
    sold.maker.address, sold.taker.address, sold.order_hash, sold.sale_price, sold.is_private,
    sold.payment_token.address, sold.payment_token.decimals, sold.payment_token.symbol,
    CAST(sold.payment_token.usd_price AS DECIMAL(38, 18)) AS usd_rate,
    CAST(sold.payment_token.eth_price AS DECIMAL(38, 18)) AS eth_rate
FROM (
    SELECT received_at, message, message.payload AS sold
    FROM read_json($files, format = 'newline_delimited', columns = {COLUMNS})
    WHERE message.event_type = 'item_sold'
)
"""

began = time.perf_counter()
connection = duckdb.connect()
connection.execute(STATEMENT, {"files": [str(path) for path in sorted(Path(sys.argv[1]).glob("*.jsonl.zst"))]})
((sales,),) = connection.execute("SELECT count(*) FROM sale").fetchall()
print(json.dumps({"sales": sales, "seconds": round(time.perf_counter() - began, 2)}))
