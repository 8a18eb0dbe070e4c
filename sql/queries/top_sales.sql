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
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AND :limit <= 100 AND from_at >= core.sales_closed_before() AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
found AS (
    SELECT sale_uid, sold_at, price_usd
    FROM mart.top_sale_daily
    JOIN span USING (day)
    WHERE is_rolled_up AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    UNION ALL
    SELECT sale.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT sale_uid, sold_at, price_usd
        FROM mart.sales
        WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from) AND NOT is_implausible
            AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
            AND (CAST(:chain AS text) IS NULL OR chain = :chain)
        ORDER BY price_usd DESC NULLS LAST, sold_at, sale_uid
        LIMIT :limit
    ) AS sale
    WHERE NOT is_rolled_up
),
top AS (
    SELECT sale_uid, sold_at
    FROM found
    ORDER BY price_usd DESC NULLS LAST, sold_at, sale_uid
    LIMIT :limit
)
SELECT
    sold_at, collection_slug AS collection, token_id, price_eth, price_usd, seller, buyer, is_suspect, chain, side,
    quantity, price, payment_token_symbol AS token, contract_address, transaction_hash
FROM top
JOIN mart.sales USING (sale_uid, sold_at)
WHERE source_hour >= core.received_from(:from)
ORDER BY price_usd DESC NULLS LAST, sold_at, sale_uid;
