-- Grain: one row per UTC hour of sale, chain and collection whose roll-up is not what the sales add up to.
-- Wrong: collection_hourly counts other sales than core.sale holds.
-- Next: Load the hour again with --force; report the rows if that does not help.
WITH fact AS (
    SELECT
        date_trunc('hour', sold_at, 'UTC') AS hour, chain, coalesce(collection_slug, '') AS collection,
        count(*) AS sales, coalesce(sum(price_eth), 0) AS volume_eth, coalesce(sum(price_usd), 0) AS volume_usd
    FROM core.sale
    WHERE sold_at >= coalesce(CAST(:hour AS timestamptz) - interval '1 hour', '-infinity')
        AND sold_at < coalesce(CAST(:hour AS timestamptz) + interval '1 hour', 'infinity')
    GROUP BY 1, 2, 3
),
roll_up AS (
    SELECT
        hour, chain, coalesce(collection_slug, '') AS collection,
        sales, coalesce(volume_eth, 0) AS volume_eth, coalesce(volume_usd, 0) AS volume_usd
    FROM mart.collection_hourly
    WHERE hour >= coalesce(CAST(:hour AS timestamptz) - interval '1 hour', '-infinity')
        AND hour < coalesce(CAST(:hour AS timestamptz) + interval '1 hour', 'infinity')
)
SELECT hour, chain, collection, fact.sales, roll_up.sales AS hourly_sales, fact.volume_eth, roll_up.volume_eth AS hourly_volume_eth
FROM fact
FULL JOIN roll_up USING (hour, chain, collection)
WHERE (fact.sales, fact.volume_eth, fact.volume_usd) IS DISTINCT FROM (roll_up.sales, roll_up.volume_eth, roll_up.volume_usd)
