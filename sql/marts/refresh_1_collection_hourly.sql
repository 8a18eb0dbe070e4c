-- Grain: one row of mart.collection_hourly per touched UTC hour of sale, chain and collection.
CREATE TEMP TABLE touched_hour ON COMMIT DROP AS
SELECT DISTINCT date_trunc('hour', sold_at, 'UTC') AS hour, chain, collection_slug
FROM touched;
ANALYZE touched_hour;

DELETE FROM mart.collection_hourly AS old
USING touched_hour AS touched
WHERE old.hour = touched.hour
    AND old.chain = touched.chain
    AND coalesce(old.collection_slug, '') = coalesce(touched.collection_slug, '');

WITH hours AS MATERIALIZED (
    SELECT DISTINCT hour FROM touched_hour
),
sale AS (
    SELECT hours.hour, found.*, found.price_eth / nullif(found.quantity, 0) AS unit_price_eth
    FROM hours
    -- OFFSET 0 keeps the planner from reading the whole table once instead of each hour by its index
    CROSS JOIN LATERAL (
        SELECT chain, collection_slug, quantity, price_eth, price_usd, buyer, seller
        FROM core.sale
        WHERE sold_at >= hours.hour AND sold_at < hours.hour + interval '1 hour'
        OFFSET 0
    ) AS found
)
INSERT INTO mart.collection_hourly (
    hour, chain, collection_slug, sales, items, volume_eth, volume_usd, without_eth, without_usd,
    buyers, sellers, low_eth, median_eth, high_eth
)
SELECT
    sale.hour, sale.chain, sale.collection_slug,
    count(*), sum(sale.quantity), sum(sale.price_eth), sum(sale.price_usd),
    count(*) FILTER (WHERE sale.price_eth IS NULL), count(*) FILTER (WHERE sale.price_usd IS NULL),
    count(DISTINCT sale.buyer), count(DISTINCT sale.seller),
    min(sale.unit_price_eth),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY sale.unit_price_eth),
    max(sale.unit_price_eth)
FROM sale
JOIN touched_hour AS touched
    ON sale.hour = touched.hour
    AND sale.chain = touched.chain
    AND coalesce(sale.collection_slug, '') = coalesce(touched.collection_slug, '')
GROUP BY sale.hour, sale.chain, sale.collection_slug;
