-- Grain: one row per UTC hour of sale, chain and collection whose roll-up is not what the sales add up to.
-- Wrong: collection_hourly has other figures than the sales of core.sale, or on a scored day other ones without suspected wash trades.
-- Next: Load the hour again with --force; report the rows if that does not help.
WITH span AS (
    SELECT
        greatest(coalesce(CAST(:hour AS timestamptz) - interval '1 hour', '-infinity'), core.sales_closed_before()) AS since,
        coalesce(CAST(:hour AS timestamptz) + interval '1 hour', 'infinity') AS until
),
bucket AS (
    SELECT date_trunc('hour', sold_at, 'UTC') AS hour, array_agg(DISTINCT coalesce(collection_slug, '')) AS collections
    FROM core.sale
    WHERE sold_at >= (SELECT since FROM span) AND sold_at < (SELECT until FROM span)
    GROUP BY 1
),
fact AS (
    SELECT hour, figures.*
    FROM bucket, mart.collection_figures(hour, hour + interval '1 hour', collections) AS figures
),
hourly AS (
    SELECT *
    FROM mart.collection_hourly
    WHERE hour >= (SELECT since FROM span) AND hour < (SELECT until FROM span)
),
compared AS (
    SELECT
        coalesce(fact.hour, hourly.hour) AS hour, coalesce(fact.chain, hourly.chain) AS chain,
        coalesce(fact.collection_slug, hourly.collection_slug) AS collection_slug,
        fact.sales, hourly.sales AS hourly_sales,
        ROW(fact.sales, fact.items, fact.volume_eth, fact.volume_usd, fact.without_eth, fact.without_usd, fact.implausible,
            fact.buyers, fact.sellers, fact.low_eth, fact.median_eth, fact.high_eth) AS figures,
        ROW(hourly.sales, hourly.items, hourly.volume_eth, hourly.volume_usd, hourly.without_eth, hourly.without_usd, hourly.implausible,
            hourly.buyers, hourly.sellers, hourly.low_eth, hourly.median_eth, hourly.high_eth) AS hourly_figures,
        ROW(fact.sales_clean, fact.volume_eth_clean, fact.volume_usd_clean, fact.buyers_clean, fact.sellers_clean,
            fact.low_eth_clean, fact.median_eth_clean, fact.high_eth_clean) AS clean_figures,
        ROW(hourly.sales_clean, hourly.volume_eth_clean, hourly.volume_usd_clean, hourly.buyers_clean, hourly.sellers_clean,
            hourly.low_eth_clean, hourly.median_eth_clean, hourly.high_eth_clean) AS hourly_clean_figures
    FROM fact
    FULL JOIN hourly
        ON hourly.hour = fact.hour AND hourly.chain = fact.chain
        AND coalesce(hourly.collection_slug, '') = coalesce(fact.collection_slug, '')
)
SELECT
    hour, chain, collection_slug, sales, hourly_sales, figures::text AS figures, hourly_figures::text AS hourly_figures,
    clean_figures::text AS clean_figures, hourly_clean_figures::text AS hourly_clean_figures
FROM compared
WHERE figures IS DISTINCT FROM hourly_figures
    OR (
        clean_figures IS DISTINCT FROM hourly_clean_figures
        AND NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = (hour AT TIME ZONE 'UTC')::date)
    )
