-- Grain: one row per UTC day.
-- Answers: What did the marketplace earn each day?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: bar day fee_usd
-- Example: tidemark query marketplace_fees --chain ethereum
-- Fees are read from the order that was filled. Sales whose order does not show them are in sales alone; percent is of the
-- price of those that do, and have a rate. Prices that cannot be true are left out; implausible counts them.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
daily AS (
    SELECT day, sales, sales_with_fee_known, fee_eth, fee_usd, fee_of_usd, implausible
    FROM mart.market_daily
    JOIN span USING (day)
    WHERE is_rolled_up AND chain IS NOT DISTINCT FROM CAST(:chain AS text)
    UNION ALL
    SELECT day, figures.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS sales,
            count(marketplace_fee) AS sales_with_fee_known,
            sum(marketplace_fee * eth_rate) FILTER (WHERE NOT is_implausible) AS fee_eth,
            sum(marketplace_fee * usd_rate) FILTER (WHERE NOT is_implausible) AS fee_usd,
            sum(price_usd) FILTER (WHERE marketplace_fee IS NOT NULL AND NOT is_implausible) AS fee_of_usd,
            count(*) FILTER (WHERE is_implausible) AS implausible
        FROM (
            SELECT marketplace_fee, eth_rate, usd_rate, price_usd, is_implausible
            FROM mart.sales
            WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
                AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
                AND (CAST(:chain AS text) IS NULL OR chain = :chain)
            OFFSET 0 -- works out each row's amount once and not wherever it is named
        ) AS sale
    ) AS figures
    WHERE NOT is_rolled_up AND figures.sales > 0
)
SELECT
    day, sales, sales_with_fee_known, fee_eth, fee_usd, round(100 * fee_usd / nullif(fee_of_usd, 0), 2) AS percent, implausible
FROM daily
ORDER BY day;
