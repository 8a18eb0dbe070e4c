-- Grain: one row per hour, chain and collection with mints or burns.
-- Answers: What was minted and burned, and when?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start-hour = newest-1d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Parameter: limit integer = 100; how many rows, the most mints first where there are more
-- Plot: bar hour mints
-- Example: tidemark query mints --collection pudgypenguins
-- Needs: market
-- Messages, not units: a mint of ten copies of an edition is one. Hours are those in which they were received.
SELECT hour, chain, collection, mints, burns, receivers
FROM (
    SELECT hour, chain, collection_slug AS collection, mints, burns, receivers
    FROM mart.market_hourly
    WHERE hour >= :from AND hour < :to AND mints + burns > 0
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    ORDER BY mints DESC, hour, chain, collection_slug
    LIMIT :limit
) AS most
ORDER BY hour, chain, collection;
