-- Grain: one row per UTC day with such a sale.
-- Answers: What were the lowest prices that were paid in a collection?
-- Parameter: collection text; the collection
-- Parameter: from start = newest-30d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day low_eth p10_eth median_eth
-- Example: tidemark query lowest_sales --collection pudgypenguins --plot
-- The floor as far as sales show it; floor_price has the listed floor. Accepted offers, private sales, suspects, gifts at price 0 and
-- sales without an ETH rate are left out. Suspects are known when their day is scored.
SELECT
    day,
    count(*) AS sales,
    min(unit_price_eth) AS low_eth,
    percentile_disc(0.1) WITHIN GROUP (ORDER BY unit_price_eth) AS p10_eth,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) AS median_eth
FROM mart.sales
WHERE collection_slug = :collection
    AND sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
    AND side <> 'offer' AND is_private IS NOT TRUE AND is_suspect IS NOT TRUE AND NOT is_implausible AND unit_price_eth > 0
GROUP BY day
ORDER BY day;
