-- Grain: one row per UTC day with events.
-- Answers: How many orders were placed, and how many cancelled?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: line day cancels_percent
-- Example: tidemark query cancel_rate --collection pudgypenguins
-- Whole: listings item_bids offers cancels invalidations
-- offers are those on a collection or a trait. An order can be cancelled on another day than it was placed, so over 100 percent is possible.
SELECT
    (hour AT TIME ZONE 'UTC')::date AS day, sum(listings) AS listings, sum(item_bids) AS item_bids,
    sum(collection_offers + trait_offers) AS offers, sum(cancels) AS cancels, sum(invalidations) AS invalidations,
    round(100.0 * sum(cancels) / nullif(sum(listings + item_bids + collection_offers + trait_offers), 0), 2) AS cancels_percent
FROM mart.market_hourly
WHERE hour >= :from AND hour < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY 1
ORDER BY 1;
