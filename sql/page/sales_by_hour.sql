-- Grain: one row per UTC hour of sale that had sales.
SELECT
    hour,
    sum(sales)::bigint AS sales,
    sum(volume_eth) AS volume_eth,
    sum(volume_usd) AS volume_usd
FROM mart.collection_hourly
WHERE hour >= :from AND hour < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
GROUP BY hour
ORDER BY hour;
