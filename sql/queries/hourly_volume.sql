-- Grain: one row per UTC hour with a sale.
-- Answers: How much was sold each hour?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start-hour = newest-2d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: bar hour volume_eth
-- Example: tidemark query hourly_volume --from yesterday --plot
-- Sales without a rate are not in the volumes; without_eth and without_usd count them. Nor are prices that cannot be true: implausible counts them. volume_eth_clean is empty until the day is scored.
SELECT
    hour,
    sum(sales)::bigint AS sales,
    sum(volume_eth) AS volume_eth,
    sum(volume_usd) AS volume_usd,
    CASE WHEN count(sales_clean) < count(*) THEN NULL WHEN sum(sales_clean) = 0 THEN 0 ELSE sum(volume_eth_clean) END AS volume_eth_clean,
    sum(without_eth)::bigint AS without_eth,
    sum(without_usd)::bigint AS without_usd,
    sum(implausible)::bigint AS implausible
FROM mart.collection_hourly
WHERE hour >= :from AND hour < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY hour
ORDER BY hour;
