-- Grain: one row per chain, side and distance from the best price.
-- Answers: How much is listed and offered near the best prices?
-- Parameter: collection text; the collection
-- Parameter: to end-hour = newest; last hour: the book at its end
-- Parameter: hours integer = 24; hours of unbroken coverage after which the book counts as known
-- Plot: bar percent units
-- Example: tidemark query depth --collection pudgypenguins --to 2026-11-20T12
-- Needs: orders
-- Exact: price
-- Whole: units
-- orders and units add up from the best price to one that is this many percent higher (listings) or lower (offers), and are NULL from
-- where orders were left out (TIDEMARK_BOOK_DEPTH). No rows where the best is not known: see floor_price. items counts an item once
-- that is listed twice. Listings in other payment tokens than that of most are left out.
WITH best AS (
    SELECT chain, coin, payment_token_symbol AS token, side.*
    FROM mart.book(CAST(:collection AS text), CAST(:to AS timestamptz) - interval '1 hour', :to, interval '1 hour', make_interval(hours => :hours)),
        LATERAL (VALUES ('listing', 1, floor, listings_complete_to), ('collection_offer', -1, best_offer, offers_complete_to))
            AS side (kind, direction, best, complete_to)
    WHERE best IS NOT NULL
),
open AS (
    SELECT chain, coin, kind, quantity, contract_address, token_id, unit_price_raw * ('1e-' || payment_token_decimals)::numeric AS price
    FROM mart.order_intervals(CAST(:collection AS text), CAST(:to AS timestamptz) - interval '1 hour', :to) AS placed
    WHERE from_at < :to AND to_at >= :to
),
band AS (
    SELECT best.*, percent, best * (100 + direction * percent) / 100 AS price
    FROM best
    CROSS JOIN (VALUES (0), (1), (2), (5), (10), (20), (50), (100)) AS distance (percent)
)
SELECT
    chain, token, kind AS side, percent, band.price,
    CASE WHEN is_complete THEN count(*) END AS orders,
    CASE WHEN is_complete AND kind = 'listing' THEN count(DISTINCT (contract_address, token_id)) END AS items,
    CASE WHEN is_complete THEN sum(quantity) END AS units
FROM band
JOIN open USING (chain, coin, kind),
    LATERAL (SELECT complete_to IS NULL OR direction * band.price < direction * complete_to AS is_complete) AS known
WHERE direction * open.price <= direction * band.price
GROUP BY chain, token, kind, percent, band.price, is_complete
ORDER BY chain COLLATE "C", side DESC, percent;
