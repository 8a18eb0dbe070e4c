-- Grain: one row per price range with sales.
-- Answers: How are the prices of single NFTs spread?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: bar from_eth sales
-- Example: tidemark query price_distribution --collection pudgypenguins --plot
-- Ranges of 1, 2 and 5 ETH and their tenths, from_eth included, to_eth not. Sales without an ETH rate, and prices that cannot be true, are left out.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
daily AS (
    SELECT from_eth, sales, prices_eth
    FROM mart.price_range_daily
    JOIN span USING (day)
    WHERE is_rolled_up AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    UNION ALL
    SELECT figures.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT mart.price_range(unit_price_eth), count(*), sum(unit_price_eth)
        FROM (
            SELECT unit_price_eth, is_implausible
            FROM mart.sales
            WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
                AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
                AND (CAST(:chain AS text) IS NULL OR chain = :chain)
            OFFSET 0 -- works out each row's amount once and not wherever it is named
        ) AS sale
        WHERE unit_price_eth IS NOT NULL AND NOT is_implausible
        GROUP BY 1
    ) AS figures
    WHERE NOT is_rolled_up
)
SELECT
    from_eth,
    (SELECT min(step) FROM unnest(mart.price_steps()) AS step WHERE step > from_eth) AS to_eth,
    sum(sales)::bigint AS sales,
    round(100.0 * sum(sales) / sum(sum(sales)) OVER (), 2) AS percent,
    sum(prices_eth) AS sum_of_prices_eth
FROM daily
GROUP BY from_eth
ORDER BY from_eth;
