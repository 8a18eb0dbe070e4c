-- Grain: one row per chain.
-- Answers: How is the market spread over the chains?
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: bar chain sales
-- Example: tidemark query chains --from 2026-11-20T10 --to 2026-11-20T12
-- Sales without a rate are not in the volumes; without_eth and without_usd count them. Nor are prices that cannot be true: implausible counts them.
SELECT
    chain,
    sum(sales)::bigint AS sales,
    round(100 * sum(sales) / sum(sum(sales)) OVER (), 2) AS sales_percent,
    sum(volume_eth) AS volume_eth,
    sum(volume_usd) AS volume_usd,
    round(100 * sum(volume_usd) / nullif(sum(sum(volume_usd)) OVER (), 0), 2) AS volume_percent,
    count(DISTINCT collection_slug) AS collections,
    sum(without_eth)::bigint AS without_eth,
    sum(without_usd)::bigint AS without_usd,
    sum(implausible)::bigint AS implausible
FROM mart.collection_hourly
WHERE hour >= :from AND hour < :to
GROUP BY chain
ORDER BY sales DESC, chain;
