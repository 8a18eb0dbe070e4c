-- Grain: one row per chain and collection, those of the highest volume; collections is the number of all.
SELECT
    chain, collection_slug AS collection, sum(sales)::bigint AS sales, sum(volume_eth) AS volume_eth, min(low_eth) AS low_eth,
    count(*) OVER () AS collections
FROM mart.collection_hourly
WHERE hour >= :from AND hour < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
GROUP BY chain, collection_slug
ORDER BY sum(volume_eth) DESC NULLS LAST, sales DESC, chain, collection
LIMIT 10;
