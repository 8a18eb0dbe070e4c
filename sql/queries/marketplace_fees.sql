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
SELECT
    day,
    count(*) AS sales,
    count(marketplace_fee) AS sales_with_fee_known,
    sum(marketplace_fee * eth_rate) FILTER (WHERE NOT is_implausible) AS fee_eth,
    sum(marketplace_fee * usd_rate) FILTER (WHERE NOT is_implausible) AS fee_usd,
    round(
        100 * sum(marketplace_fee * usd_rate) FILTER (WHERE NOT is_implausible)
        / nullif(sum(price_usd) FILTER (WHERE marketplace_fee IS NOT NULL AND NOT is_implausible), 0),
        2
    ) AS percent,
    count(*) FILTER (WHERE is_implausible) AS implausible
FROM (
    SELECT day, marketplace_fee, eth_rate, usd_rate, price_usd, is_implausible
    FROM mart.sales
    WHERE sold_at >= :from AND sold_at < :to
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    OFFSET 0 -- works out each row's amount once and not wherever it is named
) AS sale
GROUP BY day
ORDER BY day;
