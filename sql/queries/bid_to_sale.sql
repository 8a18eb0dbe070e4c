-- Grain: one row per UTC day with bids or accepted offers.
-- Answers: How many bids and offers were made for each that was accepted?
-- Parameter: collection text = null; only this collection
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: line day bids_per_sale
-- Example: tidemark query bid_to_sale --collection pudgypenguins
-- Whole: item_bids collection_offers trait_offers
-- accepted are the sales in which an offer was filled; where the side of a sale is unknown, it is not among them. Bids are of the hour
-- in which they were received, sales of the time at which they were made.
WITH bid AS (
    SELECT (hour AT TIME ZONE 'UTC')::date AS day, sum(item_bids) AS item_bids, sum(collection_offers) AS collection_offers, sum(trait_offers) AS trait_offers
    FROM mart.market_hourly
    WHERE hour >= :from AND hour < :to AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    GROUP BY 1
    HAVING sum(item_bids + collection_offers + trait_offers) > 0
),
sold AS (
    SELECT day, count(*) AS accepted
    FROM mart.sales
    WHERE sold_at >= :from AND sold_at < :to AND side = 'offer' AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    GROUP BY day
)
SELECT
    day, coalesce(item_bids, 0) AS item_bids, coalesce(collection_offers, 0) AS collection_offers,
    coalesce(trait_offers, 0) AS trait_offers, coalesce(accepted, 0) AS accepted,
    round((item_bids + collection_offers + trait_offers) / nullif(accepted, 0), 1) AS bids_per_sale
FROM bid
FULL JOIN sold USING (day)
ORDER BY day;
