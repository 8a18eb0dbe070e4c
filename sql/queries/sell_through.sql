-- Grain: one row per UTC day of listing.
-- Answers: What became of the listings of each day?
-- Parameter: collection text; the collection
-- Parameter: from start = newest-30d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day sold_percent
-- Example: tidemark query sell_through --collection pudgypenguins
-- Listings that anybody could buy at a fixed price, as they are now. not_known: still open where the record ends, or open when the
-- coverage broke. A listing that became invalid, such as by a transfer, is invalidated unless it became valid again. sold_percent is of all listings; where
-- many are not known, it is too low.
WITH last AS (
    SELECT DISTINCT ON (chain, order_hash) min(from_at) OVER (PARTITION BY chain, order_hash) AS placed_at, ended_by
    FROM mart.order_intervals(CAST(:collection AS text))
    WHERE kind = 'listing'
    ORDER BY chain, order_hash, from_at DESC
)
SELECT
    (placed_at AT TIME ZONE 'UTC')::date AS day, count(*) AS listings,
    count(*) FILTER (WHERE ended_by = 'sold') AS sold,
    count(*) FILTER (WHERE ended_by = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE ended_by = 'invalidated') AS invalidated,
    count(*) FILTER (WHERE ended_by = 'expired') AS expired,
    count(*) FILTER (WHERE ended_by = 'unknown') AS not_known,
    round(100.0 * count(*) FILTER (WHERE ended_by = 'sold') / count(*), 2) AS sold_percent
FROM last
WHERE placed_at >= :from AND placed_at < :to
GROUP BY 1
ORDER BY 1;
