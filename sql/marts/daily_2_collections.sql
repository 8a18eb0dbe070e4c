-- Grain: one row of mart.collection_daily, and its hours of mart.collection_hourly, per bucket whose sales or flags changed.

-- Grain: one row per UTC day, chain and collection. Another day that waits to be judged is not judged by the way.
CREATE TEMP TABLE changed_bucket ON COMMIT DROP AS
SELECT (:day AT TIME ZONE 'UTC')::date AS day, chain, collection_slug FROM day_sale
UNION
SELECT (:day AT TIME ZONE 'UTC')::date, chain, collection_slug
FROM mart.collection_daily WHERE day = (:day AT TIME ZONE 'UTC')::date
UNION
SELECT (sale.sold_at AT TIME ZONE 'UTC')::date, sale.chain, sale.collection_slug
FROM changed_flag JOIN core.sale AS sale USING (sale_uid)
WHERE NOT EXISTS (
    SELECT FROM mart.stale_day AS stale
    WHERE stale.day = (sale.sold_at AT TIME ZONE 'UTC')::date AND stale.day <> (:day AT TIME ZONE 'UTC')::date
);
ANALYZE changed_bucket;

-- Grain: one row per sale in those buckets.
CREATE TEMP TABLE bucket_sale ON COMMIT DROP AS
WITH days AS MATERIALIZED (
    SELECT DISTINCT day, day::timestamp AT TIME ZONE 'UTC' AS start FROM changed_bucket
)
SELECT
    bucket.day, date_trunc('hour', sale.sold_at, 'UTC') AS hour, bucket.chain, bucket.collection_slug,
    sale.quantity, sale.price_eth, sale.price_usd, sale.buyer, sale.seller,
    sale.price_eth / nullif(sale.quantity, 0) AS unit_price_eth,
    NOT EXISTS (SELECT FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid AND flag.suspects) AS clean
FROM days
-- OFFSET 0 keeps the planner from reading the whole table once instead of each day by its index
CROSS JOIN LATERAL (
    SELECT *
    FROM core.sale
    WHERE sold_at >= days.start AND sold_at < days.start + interval '24 hours'
    OFFSET 0
) AS sale
JOIN changed_bucket AS bucket
    ON bucket.day = days.day
    AND bucket.chain = sale.chain
    AND coalesce(bucket.collection_slug, '') = coalesce(sale.collection_slug, '');
ANALYZE bucket_sale;

DELETE FROM mart.collection_daily AS old
USING changed_bucket AS bucket
WHERE old.day = bucket.day
    AND old.chain = bucket.chain
    AND coalesce(old.collection_slug, '') = coalesce(bucket.collection_slug, '');

INSERT INTO mart.collection_daily (
    day, chain, collection_slug, sales, items, volume_eth, volume_usd, without_eth, without_usd,
    buyers, sellers, low_eth, median_eth, high_eth,
    sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean, low_eth_clean, median_eth_clean, high_eth_clean
)
SELECT
    day, chain, collection_slug,
    count(*), sum(quantity), sum(price_eth), sum(price_usd),
    count(*) FILTER (WHERE price_eth IS NULL), count(*) FILTER (WHERE price_usd IS NULL),
    count(DISTINCT buyer), count(DISTINCT seller),
    min(unit_price_eth), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth), max(unit_price_eth),
    count(*) FILTER (WHERE clean), sum(price_eth) FILTER (WHERE clean), sum(price_usd) FILTER (WHERE clean),
    count(DISTINCT buyer) FILTER (WHERE clean), count(DISTINCT seller) FILTER (WHERE clean),
    min(unit_price_eth) FILTER (WHERE clean),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE clean),
    max(unit_price_eth) FILTER (WHERE clean)
FROM bucket_sale
GROUP BY day, chain, collection_slug;

UPDATE mart.collection_hourly AS hourly
SET (sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean, low_eth_clean, median_eth_clean, high_eth_clean) = (
    judged.sales, judged.volume_eth, judged.volume_usd, judged.buyers, judged.sellers, judged.low_eth, judged.median_eth, judged.high_eth
)
FROM (
    SELECT
        hour, chain, collection_slug,
        count(*) FILTER (WHERE clean) AS sales,
        sum(price_eth) FILTER (WHERE clean) AS volume_eth,
        sum(price_usd) FILTER (WHERE clean) AS volume_usd,
        count(DISTINCT buyer) FILTER (WHERE clean) AS buyers,
        count(DISTINCT seller) FILTER (WHERE clean) AS sellers,
        min(unit_price_eth) FILTER (WHERE clean) AS low_eth,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE clean) AS median_eth,
        max(unit_price_eth) FILTER (WHERE clean) AS high_eth
    FROM bucket_sale
    GROUP BY hour, chain, collection_slug
) AS judged
WHERE hourly.hour = judged.hour
    AND hourly.chain = judged.chain
    AND coalesce(hourly.collection_slug, '') = coalesce(judged.collection_slug, '');
