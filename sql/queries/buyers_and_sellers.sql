-- Grain: one row per UTC day.
-- Answers: How many wallets bought and sold each day?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day buyers sellers
-- Example: tidemark query buyers_and_sellers --collection pudgypenguins
-- A wallet counts once a day. without_wallets counts the sales whose buyer and seller are unknown.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AS is_rolled_up
    FROM mart.days_of(:from, :to)
)
SELECT day, sales, buyers, sellers, bought_and_sold, without_wallets
FROM mart.market_daily
JOIN span USING (day)
WHERE is_rolled_up AND chain IS NOT DISTINCT FROM CAST(:chain AS text)
UNION ALL
SELECT day, sales, buyers, sellers, bought_and_sold, without_wallets
FROM span
-- Day by day, which takes less time than all days at once: bench/README.md.
CROSS JOIN LATERAL (
    WITH sale AS NOT MATERIALIZED (
        SELECT buyer, seller
        FROM core.sale
        WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
            AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
            AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    ),
    trader AS (
        SELECT
            wallet,
            count(*) FILTER (WHERE is_buyer) AS bought,
            count(*) FILTER (WHERE NOT is_buyer) AS sold,
            count(*) FILTER (WHERE unknown) AS without_wallets
        FROM (
            SELECT buyer AS wallet, true AS is_buyer, coalesce(buyer, seller) IS NULL AS unknown FROM sale
            UNION ALL
            SELECT seller, false, false FROM sale
        ) AS party
        GROUP BY wallet
    )
    SELECT
        sum(bought)::bigint AS sales,
        count(wallet) FILTER (WHERE bought > 0) AS buyers,
        count(wallet) FILTER (WHERE sold > 0) AS sellers,
        count(wallet) FILTER (WHERE bought > 0 AND sold > 0) AS bought_and_sold,
        sum(without_wallets)::bigint AS without_wallets
    FROM trader
) AS traders
WHERE NOT is_rolled_up AND sales > 0
ORDER BY day;
