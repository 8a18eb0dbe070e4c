-- Grain: one row per UTC hour of sale, chain and collection whose roll-up is not what the sales add up to.
-- Wrong: collection_hourly has other figures than the sales of core.sale, or on a judged day other ones without suspected wash trades.
-- Next: Load the hour again with --force; report the rows if that does not help.
WITH sale AS (
    SELECT
        date_trunc('hour', sold_at, 'UTC') AS hour, chain, coalesce(collection_slug, '') AS collection,
        quantity, price_eth, price_usd, buyer, seller, price_eth / nullif(quantity, 0) AS unit_eth,
        NOT EXISTS (SELECT FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid AND flag.suspects) AS clean
    FROM core.sale
    WHERE sold_at >= coalesce(CAST(:hour AS timestamptz) - interval '1 hour', '-infinity')
        AND sold_at < coalesce(CAST(:hour AS timestamptz) + interval '1 hour', 'infinity')
),
fact AS (
    SELECT
        hour, chain, collection, count(*) AS sales,
        ROW(count(*), sum(quantity), sum(price_eth), sum(price_usd),
            count(*) FILTER (WHERE price_eth IS NULL), count(*) FILTER (WHERE price_usd IS NULL),
            count(DISTINCT buyer), count(DISTINCT seller),
            min(unit_eth), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth), max(unit_eth)) AS figures,
        ROW(count(*) FILTER (WHERE clean), sum(price_eth) FILTER (WHERE clean), sum(price_usd) FILTER (WHERE clean),
            count(DISTINCT buyer) FILTER (WHERE clean), count(DISTINCT seller) FILTER (WHERE clean),
            min(unit_eth) FILTER (WHERE clean), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth) FILTER (WHERE clean),
            max(unit_eth) FILTER (WHERE clean)) AS clean_figures
    FROM sale
    GROUP BY hour, chain, collection
),
roll_up AS (
    SELECT
        hour, chain, coalesce(collection_slug, '') AS collection, sales,
        ROW(sales, items, volume_eth, volume_usd, without_eth, without_usd, buyers, sellers, low_eth, median_eth, high_eth) AS figures,
        ROW(sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean,
            low_eth_clean, median_eth_clean, high_eth_clean) AS clean_figures
    FROM mart.collection_hourly
    WHERE hour >= coalesce(CAST(:hour AS timestamptz) - interval '1 hour', '-infinity')
        AND hour < coalesce(CAST(:hour AS timestamptz) + interval '1 hour', 'infinity')
)
SELECT
    hour, chain, collection, fact.sales, roll_up.sales AS hourly_sales,
    fact.figures::text AS figures, roll_up.figures::text AS hourly_figures,
    fact.clean_figures::text AS clean_figures, roll_up.clean_figures::text AS hourly_clean_figures
FROM fact
FULL JOIN roll_up USING (hour, chain, collection)
WHERE fact.figures IS DISTINCT FROM roll_up.figures
    OR (
        fact.clean_figures IS DISTINCT FROM roll_up.clean_figures
        AND NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = (hour AT TIME ZONE 'UTC')::date)
    )
