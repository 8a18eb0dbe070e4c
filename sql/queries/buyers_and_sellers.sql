-- Grain: one row per UTC day.
-- Answers: How many wallets bought and sold each day?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day buyers sellers
-- Example: tidemark query buyers_and_sellers --collection pudgypenguins
-- A wallet counts once a day. without_wallets counts the sales whose buyer and seller are unknown.
WITH sale AS NOT MATERIALIZED (
    SELECT (sold_at AT TIME ZONE 'UTC')::date AS day, buyer, seller
    FROM core.sale
    WHERE sold_at >= :from AND sold_at < :to
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
),
sold AS (
    SELECT day, count(*) AS sales, count(*) FILTER (WHERE coalesce(buyer, seller) IS NULL) AS without_wallets
    FROM sale
    GROUP BY day
),
wallet AS (
    SELECT day, wallet, bool_or(bought) AS bought, bool_or(NOT bought) AS sold
    FROM (
        SELECT day, buyer AS wallet, true AS bought FROM sale
        UNION ALL
        SELECT day, seller, false FROM sale
    ) AS deal
    WHERE wallet IS NOT NULL
    GROUP BY day, wallet
),
wallets AS (
    SELECT
        day,
        count(*) FILTER (WHERE bought) AS buyers,
        count(*) FILTER (WHERE sold) AS sellers,
        count(*) FILTER (WHERE bought AND sold) AS bought_and_sold
    FROM wallet
    GROUP BY day
)
SELECT
    day,
    sales,
    coalesce(buyers, 0) AS buyers,
    coalesce(sellers, 0) AS sellers,
    coalesce(bought_and_sold, 0) AS bought_and_sold,
    without_wallets
FROM sold
LEFT JOIN wallets USING (day)
ORDER BY day;
