-- Grain: one row per chain and collection.
-- Answers: Which collections sold the most?
-- Parameter: chain text = null; only this chain
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many collections
-- Plot: bar collection volume_eth
-- Example: tidemark query collection_volume --from 2026-11-20 --to 2026-11-20 --limit 10
-- Sales without a rate are not in the volumes; without_eth counts them. Nor are prices that cannot be true: implausible counts them. share_percent is of the whole market's ETH volume.
SELECT
    chain,
    collection_slug AS collection,
    sum(sales)::bigint AS sales,
    sum(volume_eth) AS volume_eth,
    sum(volume_usd) AS volume_usd,
    round(100 * sum(volume_eth) / nullif(sum(sum(volume_eth)) OVER (), 0), 2) AS share_percent,
    CASE WHEN count(sales_clean) < count(*) THEN NULL WHEN sum(sales_clean) = 0 THEN 0 ELSE sum(volume_eth_clean) END AS volume_eth_clean,
    min(low_eth) AS low_eth,
    max(high_eth) AS high_eth,
    sum(without_eth)::bigint AS without_eth,
    sum(implausible)::bigint AS implausible
FROM mart.collection_hourly
WHERE hour >= :from AND hour < :to
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY chain, collection_slug
ORDER BY sum(volume_eth) DESC NULLS LAST, sales DESC, chain, collection
LIMIT :limit;
