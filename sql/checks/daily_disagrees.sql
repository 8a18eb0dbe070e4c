-- Grain: one row per judged UTC day, chain and collection or wallet whose roll-up is not what the sales add up to.
-- Wrong: collection_daily or wallet_daily has other figures than the sales of core.sale.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
WITH days AS MATERIALIZED (
    SELECT DISTINCT (hour AT TIME ZONE 'UTC')::date AS day
    FROM mart.collection_hourly
    WHERE CAST(:hour AS timestamptz) IS NULL OR hour BETWEEN CAST(:hour AS timestamptz) - interval '1 hour' AND :hour
),
judged AS MATERIALIZED (
    SELECT day, day::timestamp AT TIME ZONE 'UTC' AS start
    FROM days
    WHERE NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = days.day)
),
sale AS MATERIALIZED (
    SELECT
        day, chain, coalesce(collection_slug, '') AS collection, quantity, price_eth, price_usd, buyer, seller,
        price_eth / nullif(quantity, 0) AS unit_eth,
        NOT EXISTS (SELECT FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid AND flag.suspects) AS clean
    FROM judged
    CROSS JOIN LATERAL (
        SELECT * FROM core.sale WHERE sold_at >= start AND sold_at < start + interval '24 hours' OFFSET 0
    ) AS sale
),
deal AS (
    SELECT day, chain, buyer AS wallet, collection, price_eth AS spent_eth, price_usd AS spent_usd,
        NULL::numeric AS earned_eth, NULL::numeric AS earned_usd, 1 AS bought, 0 AS sold
    FROM sale
    WHERE buyer IS NOT NULL
    UNION ALL
    SELECT day, chain, seller, collection, NULL, NULL, price_eth, price_usd, 0, 1
    FROM sale
    WHERE seller IS NOT NULL
),
fact AS (
    SELECT
        day, chain, 'collection' AS kind, collection AS name,
        ROW(count(*), sum(quantity), sum(price_eth), sum(price_usd),
            count(*) FILTER (WHERE price_eth IS NULL), count(*) FILTER (WHERE price_usd IS NULL),
            count(DISTINCT buyer), count(DISTINCT seller),
            min(unit_eth), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth), max(unit_eth),
            count(*) FILTER (WHERE clean), sum(price_eth) FILTER (WHERE clean), sum(price_usd) FILTER (WHERE clean),
            count(DISTINCT buyer) FILTER (WHERE clean), count(DISTINCT seller) FILTER (WHERE clean),
            min(unit_eth) FILTER (WHERE clean), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth) FILTER (WHERE clean),
            max(unit_eth) FILTER (WHERE clean)) AS figures
    FROM sale
    GROUP BY day, chain, collection
    UNION ALL
    SELECT
        day, chain, 'wallet', wallet,
        ROW(sum(bought), sum(sold), sum(spent_eth), sum(earned_eth), sum(spent_usd), sum(earned_usd),
            count(DISTINCT collection) FILTER (WHERE collection <> ''))
    FROM deal
    GROUP BY day, chain, wallet
),
roll_up AS (
    SELECT
        day, chain, 'collection' AS kind, coalesce(collection_slug, '') AS name,
        ROW(sales, items, volume_eth, volume_usd, without_eth, without_usd, buyers, sellers, low_eth, median_eth, high_eth,
            sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean,
            low_eth_clean, median_eth_clean, high_eth_clean) AS figures
    FROM mart.collection_daily
    JOIN judged USING (day)
    UNION ALL
    SELECT day, chain, 'wallet', wallet, ROW(bought, sold, spent_eth, earned_eth, spent_usd, earned_usd, collections)
    FROM mart.wallet_daily
    JOIN judged USING (day)
)
SELECT day, chain, kind, name, fact.figures::text AS figures, roll_up.figures::text AS daily_figures
FROM fact
FULL JOIN roll_up USING (day, chain, kind, name)
WHERE fact.figures IS DISTINCT FROM roll_up.figures
