-- Grain: one row per judged UTC day and roll-up whose sums are not those of the sales.
-- Wrong: collection_daily or wallet_daily counts other sales than core.sale holds.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
WITH days AS MATERIALIZED (
    SELECT DISTINCT (hour AT TIME ZONE 'UTC')::date AS day
    FROM mart.collection_hourly
    WHERE CAST(:hour AS timestamptz) IS NULL OR hour BETWEEN CAST(:hour AS timestamptz) - interval '1 hour' AND :hour
),
judged AS (
    SELECT day, day::timestamp AT TIME ZONE 'UTC' AS start
    FROM days
    WHERE NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = days.day)
),
fact AS (
    SELECT day, count(*) AS sales, coalesce(sum(price_eth), 0) AS volume_eth, count(buyer) AS bought, count(seller) AS sold
    FROM judged
    CROSS JOIN LATERAL (
        SELECT * FROM core.sale WHERE sold_at >= start AND sold_at < start + interval '24 hours' OFFSET 0
    ) AS sale
    GROUP BY day
),
collections AS (
    SELECT day, sum(sales) AS sales, coalesce(sum(volume_eth), 0) AS volume_eth
    FROM mart.collection_daily JOIN judged USING (day)
    GROUP BY day
),
wallets AS (
    SELECT day, sum(bought) AS bought, sum(sold) AS sold
    FROM mart.wallet_daily JOIN judged USING (day)
    GROUP BY day
)
SELECT day, fact.sales, collections.sales AS daily_sales, fact.volume_eth, collections.volume_eth AS daily_volume_eth,
    fact.bought, wallets.bought AS daily_bought, fact.sold, wallets.sold AS daily_sold
FROM fact
LEFT JOIN collections USING (day)
LEFT JOIN wallets USING (day)
WHERE (fact.sales, fact.volume_eth) IS DISTINCT FROM (collections.sales, collections.volume_eth)
    OR (fact.bought, fact.sold) IS DISTINCT FROM (coalesce(wallets.bought, 0), coalesce(wallets.sold, 0))
