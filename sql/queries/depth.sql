-- Grain: one row per chain, side and distance from the best price.
-- Answers: How much is listed and offered near the best prices?
-- Parameter: collection text; the collection
-- Parameter: to end-hour = newest; last hour: the book at its end
-- Parameter: hours integer = 24; hours of unbroken coverage after which the book counts as known
-- Plot: bar percent units
-- Example: tidemark query depth --collection pudgypenguins --to 2026-11-20T12
-- Exact: price
-- Whole: units
-- orders and units add up from the best price to one that is so many percent higher (listings) or lower (offers). No rows where the
-- book is not known: see floor_price. Listings in other payment tokens than that of most are left out.
WITH best AS (
    SELECT chain, payment_token_symbol AS token, floor, best_offer
    FROM mart.book(CAST(:collection AS text), CAST(:to AS timestamptz) - interval '1 hour', :to, interval '1 hour', make_interval(hours => :hours))
    WHERE is_known
),
open AS (
    SELECT chain, kind, quantity, unit_price_raw * ('1e-' || payment_token_decimals)::numeric AS price
    FROM mart.order_intervals(CAST(:collection AS text)) AS placed
    JOIN best USING (chain)
    WHERE from_at < :to AND to_at >= :to AND (
        payment_token_symbol = token
        OR (chain, payment_token_address) IN (SELECT token.chain, token.address FROM core.offer_token AS token)
    )
),
band AS (
    SELECT chain, token, kind, percent, CASE kind WHEN 'listing' THEN floor * (100 + percent) / 100 ELSE best_offer * (100 - percent) / 100 END AS price
    FROM best
    CROSS JOIN (VALUES ('listing'), ('collection_offer')) AS side (kind)
    CROSS JOIN (VALUES (0), (1), (2), (5), (10), (20), (50), (100)) AS distance (percent)
)
SELECT chain, token, kind AS side, percent, band.price, count(*) AS orders, sum(quantity) AS units
FROM band
JOIN open USING (chain, kind)
WHERE CASE kind WHEN 'listing' THEN open.price <= band.price ELSE open.price >= band.price END
GROUP BY chain, token, kind, percent, band.price
ORDER BY chain, side DESC, percent;
