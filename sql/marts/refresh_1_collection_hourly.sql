-- Grain: one row of mart.collection_hourly per UTC hour of sale, chain and collection whose sales the load changed.
CREATE TEMP TABLE changed_hour ON COMMIT DROP AS
SELECT DISTINCT sold_hour AS hour, coalesce(collection_slug, '') AS collection
FROM changed
WHERE sold_hour >= core.sales_closed_before();
ANALYZE changed_hour;

DELETE FROM mart.collection_hourly AS old
USING changed_hour AS changed
WHERE old.hour = changed.hour AND coalesce(old.collection_slug, '') = changed.collection;

INSERT INTO mart.collection_hourly (
    hour, chain, collection_slug, sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible,
    buyers, sellers, low_eth, median_eth, high_eth
)
SELECT
    hour, chain, collection_slug, sales, items, volume_eth, volume_usd, without_eth, without_usd, implausible,
    buyers, sellers, low_eth, median_eth, high_eth
FROM (SELECT hour, array_agg(collection) AS collections FROM changed_hour GROUP BY hour) AS changed,
    mart.collection_figures(hour, hour + interval '1 hour', collections);
