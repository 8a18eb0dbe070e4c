-- Grain: one row per sale.
-- Answers: What were the most expensive sales?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many sales
-- Plot: none
-- Example: tidemark query top_sales --chain ethereum --limit 5
-- Exact: price
-- Whole: quantity
-- Ranked by the total price in US dollars; sales whose dollar rate is unknown come last. Prices that cannot be true are left
-- out; wash_trades counts them.
SELECT
    sold_at, collection_slug AS collection, token_id, price_eth, price_usd, seller, buyer, is_suspect, chain, side,
    quantity, price, payment_token_symbol AS token, contract_address, transaction_hash
FROM mart.sales
WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from) AND NOT is_implausible
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
ORDER BY price_usd DESC NULLS LAST, sold_at, sale_uid
LIMIT :limit;
