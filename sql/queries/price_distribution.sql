-- Grain: one row per price range with sales.
-- Answers: How are the prices of single NFTs spread?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: bar from_eth sales
-- Example: tidemark query price_distribution --collection pudgypenguins --plot
-- Ranges of 1, 2 and 5 ETH and their tenths, from_eth included, to_eth not. Sales without an ETH rate, and prices that cannot be true, are left out.
WITH step AS (
    SELECT array_agg(digit * ('1e' || power)::numeric ORDER BY power, digit) AS steps
    FROM generate_series(-6, 5) AS power, unnest(ARRAY[1, 2, 5]) AS digit
),
place AS (
    SELECT width_bucket(unit_price_eth, (SELECT steps FROM step)) AS place, count(*) AS sales, sum(unit_price_eth) AS prices
    FROM mart.sales
    WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from) AND unit_price_eth IS NOT NULL AND NOT is_implausible
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    GROUP BY place
)
SELECT
    coalesce(steps[place], 0) AS from_eth,
    steps[place + 1] AS to_eth,
    sales,
    round(100.0 * sales / sum(sales) OVER (), 2) AS percent,
    prices AS sum_of_prices_eth
FROM place, step
ORDER BY place;
