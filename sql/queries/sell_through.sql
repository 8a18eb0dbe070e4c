-- Grain: one row per UTC day of listing.
-- Answers: What became of the listings of each day?
-- Parameter: collection text; the collection
-- Parameter: from start = newest-30d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day sold_percent
-- Example: tidemark query sell_through --collection pudgypenguins
-- Needs: orders
-- Listings that anybody could buy at a fixed price, as they are now. not_known: still open where the record ends, or open when the
-- coverage broke and neither sold nor cancelled since. A listing that became invalid, such as by a transfer, is invalidated unless it
-- became valid again or was sold. sold_percent is of all listings; where many are not known, it is too low. Of each hour only the
-- cheapest listings are kept (TIDEMARK_BOOK_DEPTH): where there were more, it is too high.
WITH listing AS (
    SELECT chain, order_hash, min(placed_at) AS placed_at, min(outcome) AS outcome
    FROM mart.order_intervals(CAST(:collection AS text), :from, :to, 'listing')
    GROUP BY chain, order_hash
)
SELECT
    (placed_at AT TIME ZONE 'UTC')::date AS day, count(*) AS listings,
    count(*) FILTER (WHERE outcome = 'sold') AS sold,
    count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE outcome = 'invalidated') AS invalidated,
    count(*) FILTER (WHERE outcome = 'expired') AS expired,
    count(*) FILTER (WHERE outcome = 'unknown') AS not_known,
    round(100.0 * count(*) FILTER (WHERE outcome = 'sold') / count(*), 2) AS sold_percent
FROM listing
WHERE placed_at >= :from AND placed_at < :to
GROUP BY 1
ORDER BY 1;
