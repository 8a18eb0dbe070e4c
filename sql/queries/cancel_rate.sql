-- Grain: one row per UTC day with events.
-- Answers: How many orders were placed, and how many cancelled?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: line day cancels_percent
-- Example: tidemark query cancel_rate --collection pudgypenguins
-- Needs: market
-- Whole: listings item_bids offers cancels invalidations
-- offers are those on a collection or a trait. An order can be cancelled on another day than it was placed, so over 100 percent is
-- possible. hours are those of the day whose market is known; what came in the others is in no column.
SELECT
    day, (
        SELECT count(*)
        FROM mart.market_hour
        WHERE is_known AND hour >= :from AND hour < :to AND (hour AT TIME ZONE 'UTC')::date = day
    ) AS hours,
    sum(listings) AS listings, sum(item_bids) AS item_bids, sum(collection_offers + trait_offers) AS offers,
    sum(cancels) AS cancels, sum(invalidations) AS invalidations,
    round(100.0 * sum(cancels) / nullif(sum(listings + item_bids + collection_offers + trait_offers), 0), 2) AS cancels_percent
FROM mart.market_hourly, LATERAL (SELECT (hour AT TIME ZONE 'UTC')::date AS day) AS utc
WHERE hour >= :from AND hour < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY day
ORDER BY day;
