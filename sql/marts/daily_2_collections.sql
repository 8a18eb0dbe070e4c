-- Grain: one row of mart.collection_daily, and its hours of mart.collection_hourly, per bucket whose sales or flags changed.

-- Grain: one row per UTC day, chain and collection. Another day that waits to be scored is left to its own turn.
CREATE TEMP TABLE changed_bucket ON COMMIT DROP AS
SELECT day, day::timestamp AT TIME ZONE 'UTC' AS start, chain, collection_slug
FROM (
    SELECT (:day AT TIME ZONE 'UTC')::date AS day, chain, collection_slug FROM day_sale
    UNION
    SELECT day, chain, collection_slug FROM mart.collection_daily WHERE day = (:day AT TIME ZONE 'UTC')::date
    UNION
    SELECT (sale.sold_at AT TIME ZONE 'UTC')::date, sale.chain, sale.collection_slug
    FROM changed_flag JOIN core.sale AS sale USING (sale_uid)
    WHERE NOT EXISTS (
        SELECT FROM mart.stale_day AS stale
        WHERE stale.day = (sale.sold_at AT TIME ZONE 'UTC')::date AND stale.day <> (:day AT TIME ZONE 'UTC')::date
    )
) AS bucket;
ANALYZE changed_bucket;

DELETE FROM mart.collection_daily AS old
USING changed_bucket AS bucket
WHERE old.day = bucket.day
    AND old.chain = bucket.chain
    AND coalesce(old.collection_slug, '') = coalesce(bucket.collection_slug, '');

INSERT INTO mart.collection_daily (
    day, chain, collection_slug, sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible,
    buyers, sellers, low_eth, median_eth, high_eth,
    sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean, low_eth_clean, median_eth_clean, high_eth_clean
)
SELECT
    day, bucket.chain, bucket.collection_slug, sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible,
    buyers, sellers, low_eth, median_eth, high_eth,
    sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean, low_eth_clean, median_eth_clean, high_eth_clean
FROM changed_bucket AS bucket,
    mart.collection_figures(bucket.chain, bucket.collection_slug, start, start + interval '24 hours') AS figures;

UPDATE mart.collection_hourly AS hourly
SET (
    sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible, buyers, sellers, low_eth, median_eth, high_eth,
    sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean, low_eth_clean, median_eth_clean, high_eth_clean
) = (
    SELECT
        sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible, buyers, sellers, low_eth, median_eth, high_eth,
        sales_clean, volume_eth_clean, volume_usd_clean, buyers_clean, sellers_clean, low_eth_clean, median_eth_clean, high_eth_clean
    FROM mart.collection_figures(hourly.chain, hourly.collection_slug, hourly.hour, hourly.hour + interval '1 hour')
)
FROM changed_bucket AS bucket
WHERE hourly.hour >= bucket.start AND hourly.hour < bucket.start + interval '24 hours'
    AND hourly.chain = bucket.chain
    AND coalesce(hourly.collection_slug, '') = coalesce(bucket.collection_slug, '');
