-- Grain: one row per scored UTC day, chain and collection or wallet whose roll-up is not what the sales add up to.
-- Wrong: collection_daily or wallet_daily has other figures than the sales of core.sale.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
WITH days AS MATERIALIZED (
    SELECT DISTINCT (hour AT TIME ZONE 'UTC')::date AS day
    FROM mart.collection_hourly
    WHERE CAST(:hour AS timestamptz) IS NULL OR hour BETWEEN CAST(:hour AS timestamptz) - interval '1 hour' AND :hour
),
scored AS MATERIALIZED (
    SELECT day, day::timestamp AT TIME ZONE 'UTC' AS start
    FROM days
    WHERE day::timestamp AT TIME ZONE 'UTC' >= core.sales_closed_before()
        AND NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = days.day)
),
stated AS MATERIALIZED (
    SELECT
        day, start, chain, collection_slug, buyer, seller, price_eth, price_usd,
        EXISTS (
            SELECT FROM mart.sale_flags AS flag
            WHERE flag.sale_uid = sale.sale_uid AND flag.signal IN ('impossible_price', 'implausible_price')
        ) AS implausible
    FROM scored
    CROSS JOIN LATERAL (
        SELECT * FROM core.sale WHERE sold_at >= start AND sold_at < start + interval '24 hours' OFFSET 0
    ) AS sale
),
sale AS NOT MATERIALIZED (
    SELECT
        day, start, chain, collection_slug, buyer, seller, implausible,
        CASE WHEN NOT implausible THEN price_eth END AS price_eth, CASE WHEN NOT implausible THEN price_usd END AS price_usd
    FROM stated
),
deal AS (
    SELECT day, chain, buyer AS wallet, collection_slug, price_eth AS spent_eth, price_usd AS spent_usd,
        NULL::numeric AS earned_eth, NULL::numeric AS earned_usd, 1 AS bought, 0 AS sold, implausible
    FROM sale
    WHERE buyer IS NOT NULL
    UNION ALL
    SELECT day, chain, seller, collection_slug, NULL, NULL, price_eth, price_usd, 0, 1, implausible
    FROM sale
    WHERE seller IS NOT NULL
),
fact AS (
    SELECT day, chain, 'collection' AS kind, coalesce(collection_slug, '') AS name, ROW(figures.*) AS figures
    FROM (
        SELECT day, start, array_agg(DISTINCT coalesce(collection_slug, '')) AS collections FROM sale GROUP BY day, start
    ) AS bucket,
        mart.collection_figures(start, start + interval '24 hours', collections) AS figures
    UNION ALL
    SELECT
        day, chain, 'wallet', wallet,
        ROW(sum(bought), sum(sold), sum(spent_eth), sum(earned_eth), sum(spent_usd), sum(earned_usd),
            count(*) FILTER (WHERE implausible), count(DISTINCT collection_slug))
    FROM deal
    GROUP BY day, chain, wallet
),
roll_up AS (
    SELECT
        day, chain, 'collection' AS kind, coalesce(collection_slug, '') AS name,
        ROW(chain, collection_slug,
            sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible, buyers, sellers, low_eth, median_eth, high_eth,
            sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean,
            low_eth_clean, median_eth_clean, high_eth_clean) AS figures
    FROM mart.collection_daily
    JOIN scored USING (day)
    UNION ALL
    SELECT day, chain, 'wallet', wallet, ROW(bought, sold, spent_eth, earned_eth, spent_usd, earned_usd, implausible, collections)
    FROM mart.wallet_daily
    JOIN scored USING (day)
)
SELECT day, chain, kind, name, fact.figures::text AS figures, roll_up.figures::text AS daily_figures
FROM fact
FULL JOIN roll_up USING (day, chain, kind, name)
WHERE fact.figures IS DISTINCT FROM roll_up.figures
