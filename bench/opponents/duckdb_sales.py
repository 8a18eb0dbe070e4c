"""The sales of a folder of segments, read by DuckDB into a table of typed columns. Runs in `.venv-bench`.

With the word `counting` the other events are read, too, and counted once each by their order's hash, by event type,
chain, collection and payment token, with the least and the greatest price; transfers by their transaction and NFT.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

COLUMNS = """{{
    received_at: 'TIMESTAMPTZ',
    message: 'STRUCT(
        event_type VARCHAR, sent_at TIMESTAMPTZ,
        payload STRUCT(
            item STRUCT(nft_id VARCHAR, metadata STRUCT(name VARCHAR)), collection STRUCT(slug VARCHAR),
            chain VARCHAR, quantity VARCHAR, sale_price VARCHAR, {price} is_private BOOLEAN, order_hash VARCHAR,
            "transaction" STRUCT(hash VARCHAR, "timestamp" VARCHAR), closing_date TIMESTAMPTZ,
            event_timestamp TIMESTAMPTZ, maker STRUCT(address VARCHAR), taker STRUCT(address VARCHAR),
            payment_token STRUCT(
                address VARCHAR, decimals VARCHAR, symbol VARCHAR, usd_price VARCHAR, eth_price VARCHAR
            )
        )
    )'
}}"""
SALES = """
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
    FROM {source}
    WHERE message.event_type = 'item_sold'
)
"""
PARTS = """
CREATE TABLE part AS
SELECT
    kind, payload.chain, payload.collection.slug, payload.payment_token.address,
    count(DISTINCT coalesce(
        right(payload.order_hash, 16), payload."transaction".hash || payload.item.nft_id
    )) AS events,
    min(CAST(payload.base_price AS HUGEINT)) AS lowest, max(CAST(payload.base_price AS HUGEINT)) AS highest
FROM (SELECT message.event_type AS kind, message.payload AS payload FROM event)
WHERE kind <> 'item_sold'
GROUP BY ALL
"""

folder, *words = sys.argv[1:]
files = {"files": [str(path) for path in sorted(Path(folder).glob("*.jsonl.zst"))]}
columns = COLUMNS.format(price="base_price VARCHAR," if words else "")
lines = f"read_json($files, format = 'newline_delimited', columns = {columns})"
began = time.perf_counter()
connection = duckdb.connect()
if words:
    connection.execute(f"CREATE TABLE event AS SELECT * FROM {lines}", files)
    connection.execute(SALES.format(source="event"))
    connection.execute(PARTS)
else:
    connection.execute(SALES.format(source=lines), files)
((sales,),) = connection.execute("SELECT count(*) FROM sale").fetchall()
print(json.dumps({"sales": sales, "seconds": round(time.perf_counter() - began, 2)}))
