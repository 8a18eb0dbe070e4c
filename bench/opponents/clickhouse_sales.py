"""The sales of a folder of segments, read by ClickHouse (chDB) into a table of typed columns. Runs in `.venv-bench`."""

import json
import sys
import time

from chdb.session import Session

LINE = """
    received_at String,
    message Tuple(
        event_type String, sent_at String,
        payload Tuple(
            item Tuple(nft_id String, metadata Tuple(name Nullable(String))), collection Tuple(slug String),
            chain String, quantity String, sale_price String, is_private Nullable(Bool), order_hash String,
            transaction Tuple(hash String, timestamp String), closing_date String, event_timestamp String,
            maker Tuple(address Nullable(String)), taker Tuple(address Nullable(String)),
            payment_token Tuple(address String, decimals String, symbol String, usd_price String, eth_price String)
        )
    )
"""
SETTINGS = """
SETTINGS input_format_json_ignore_unknown_keys_in_named_tuple = 1,
    input_format_json_defaults_for_missing_elements_in_named_tuple = 1, input_format_json_read_numbers_as_strings = 1
"""
STATEMENT = f"""
CREATE TABLE sale ENGINE = Memory AS
SELECT
    parseDateTime64BestEffort(received_at, 6) AS received_at, parseDateTime64BestEffort(message.sent_at, 6) AS sent_at,
    parseDateTime64BestEffort(sold.event_timestamp, 6) AS event_at,
    parseDateTime64BestEffortOrNull(sold.closing_date, 6) AS closed_at, sold.transaction.hash AS transaction_hash,
    parseDateTime64BestEffortOrNull(sold.transaction.timestamp, 6) AS transaction_at,
    splitByChar('/', sold.item.nft_id)[2] AS contract, splitByChar('/', sold.item.nft_id)[3] AS token_id,
    sold.item.metadata.name AS name, sold.collection.slug AS slug, sold.chain AS chain, sold.quantity AS quantity,
    sold.maker.address AS maker, sold.taker.address AS taker, sold.order_hash AS order_hash,
    sold.sale_price AS sale_price, sold.is_private AS is_private, sold.payment_token.address AS token_address,
    sold.payment_token.decimals AS decimals, sold.payment_token.symbol AS symbol,
    toDecimal128OrNull(sold.payment_token.usd_price, 18) AS usd_rate,
    toDecimal128OrNull(sold.payment_token.eth_price, 18) AS eth_rate
FROM (
    SELECT received_at, message, message.payload AS sold
    FROM file('{sys.argv[1]}/*.jsonl.zst', JSONEachRow, '{LINE}')
    WHERE message.event_type = 'item_sold'
)
"""

session = Session()
began = time.perf_counter()
session.query(STATEMENT + SETTINGS)
sales = int(str(session.query("SELECT count() FROM sale", "TabSeparated")))
print(json.dumps({"sales": sales, "seconds": round(time.perf_counter() - began, 2)}))
