-- Grain: one row per UTC day with bids or accepted offers.
-- Answers: How many bids and offers were made for each that was accepted?
-- Parameter: collection text = null; only this collection
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: line day bids_per_sale
-- Example: tidemark query bid_to_sale --collection pudgypenguins
-- Needs: market
-- Whole: item_bids collection_offers trait_offers
-- accepted are the sales in which an offer was filled; where the side of a sale is unknown, it is not among them. Bids are of the hour
-- in which they were received, sales of the time at which they were made. hours are those of the day whose market is known: without
-- any, the bids are NULL. bids_per_sale is of the sales of those hours alone.
WITH known AS (
    SELECT (hour AT TIME ZONE 'UTC')::date AS day, count(*) AS hours
    FROM mart.market_hour
    WHERE is_known AND hour >= :from AND hour < :to
    GROUP BY 1
),
bid AS (
    SELECT
        (hour AT TIME ZONE 'UTC')::date AS day,
        sum(item_bids) AS item_bids, sum(collection_offers) AS collection_offers, sum(trait_offers) AS trait_offers
    FROM mart.market_hourly
    WHERE hour >= :from AND hour < :to AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    GROUP BY 1
    HAVING sum(item_bids + collection_offers + trait_offers) > 0
),
sold AS (
    SELECT day, count(*) AS accepted, count(hour) AS accepted_then
    FROM mart.sales
    LEFT JOIN mart.market_hour ON is_known AND hour = date_trunc('hour', sold_at, 'UTC')
    WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from) AND side = 'offer' AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    GROUP BY day
)
SELECT
    day, hours, coalesce(item_bids, nothing) AS item_bids, coalesce(collection_offers, nothing) AS collection_offers,
    coalesce(trait_offers, nothing) AS trait_offers, coalesce(accepted, 0) AS accepted,
    round(coalesce(item_bids + collection_offers + trait_offers, nothing) / nullif(accepted_then, 0), 1) AS bids_per_sale
FROM bid
FULL JOIN sold USING (day)
LEFT JOIN known USING (day)
CROSS JOIN LATERAL (SELECT CASE WHEN hours > 0 THEN 0 END AS nothing) AS zero
ORDER BY day;
