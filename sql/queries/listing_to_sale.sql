-- Grain: one row per UTC day of sale.
-- Answers: How long were items listed before they were sold?
-- Parameter: collection text; the collection
-- Parameter: from start = newest-30d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day median_hours
-- Example: tidemark query listing_to_sale --collection pudgypenguins
-- Needs: orders
-- Over the sales of listings of which the record has the listing (with_listing); listings from before it, or left out of it, are sold
-- slower than these. TIDEMARK_BOOK_DEPTH says what is kept.
WITH placed AS (
    SELECT chain, order_hash, min(placed_at) AS placed_at
    FROM core.market_order
    WHERE collection_slug = :collection AND kind = 'listing' AND placed_at < :to AND expires_at > :from
    GROUP BY chain, order_hash
),
sold AS (
    SELECT (sale.sold_at AT TIME ZONE 'UTC')::date AS day, 
        extract(epoch FROM greatest(sale.sold_at - placed_at, interval '0')) / 3600 AS hours
    FROM mart.sales AS sale
    LEFT JOIN placed ON placed.chain = sale.chain AND placed.order_hash = sale.order_hash
    WHERE collection_slug = :collection AND sale.sold_at >= :from AND sale.sold_at < :to AND sale.source_hour >= core.received_from(:from)
        AND side = 'listing'
)
SELECT
    day, count(*) AS sales_of_listings, count(hours) AS with_listing,
    round(percentile_disc(0.1) WITHIN GROUP (ORDER BY hours), 2) AS p10_hours,
    round(percentile_disc(0.5) WITHIN GROUP (ORDER BY hours), 2) AS median_hours,
    round(percentile_disc(0.9) WITHIN GROUP (ORDER BY hours), 2) AS p90_hours
FROM sold
GROUP BY day
ORDER BY day;
