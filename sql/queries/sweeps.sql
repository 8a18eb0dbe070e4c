-- Grain: one row per UTC day, transaction and wallet that bought at least `least` NFTs in it.
-- Answers: Who bought many NFTs at once?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: least integer = 5; at least this many sales in the transaction
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many sweeps
-- Plot: none
-- Example: tidemark query sweeps --least 10
-- Volumes are over the sales with a rate; without_eth counts the others. Prices that cannot be true are left out; implausible
-- counts them.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AND :least >= 5 AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
-- the largest of the days that are counted now; their figures follow, which take longer
found AS (
    SELECT from_at, to_at, sweep.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT chain, transaction_hash, buyer, min(sold_at) AS sold_at, count(*) AS sales
        FROM core.sale
        WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
            AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
            AND (CAST(:chain AS text) IS NULL OR chain = :chain)
            AND buyer IS NOT NULL
        GROUP BY chain, transaction_hash, buyer
        HAVING count(*) >= :least
    ) AS sweep
    WHERE NOT is_rolled_up
    ORDER BY sales DESC, sold_at, transaction_hash, buyer, chain
    LIMIT :limit
)
SELECT sold_at, buyer, sales, volume_eth, volume_usd, chain, transaction_hash, collections, sellers, without_eth, implausible
FROM mart.sweep_daily
JOIN span USING (day)
WHERE is_rolled_up AND sales >= :least AND (CAST(:chain AS text) IS NULL OR chain = :chain)
UNION ALL
SELECT
    found.sold_at, found.buyer, found.sales, volume_eth, volume_usd, found.chain, found.transaction_hash, collections, sellers,
    without_eth, implausible
FROM found
CROSS JOIN LATERAL (
    SELECT
        sum(price_eth) FILTER (WHERE NOT is_implausible) AS volume_eth,
        sum(price_usd) FILTER (WHERE NOT is_implausible) AS volume_usd,
        count(DISTINCT collection_slug) AS collections,
        count(DISTINCT seller) AS sellers,
        count(*) FILTER (WHERE price_eth IS NULL AND NOT is_implausible) AS without_eth,
        count(*) FILTER (WHERE is_implausible) AS implausible
    FROM mart.sales AS sale
    WHERE sale.chain = found.chain AND sale.transaction_hash = found.transaction_hash AND sale.buyer = found.buyer
        AND sale.sold_at >= from_at AND sale.sold_at < to_at AND sale.source_hour >= core.received_from(:from)
        AND (CAST(:collection AS text) IS NULL OR sale.collection_slug = :collection)
) AS figures
ORDER BY sales DESC, sold_at, transaction_hash, buyer, chain
LIMIT :limit;
