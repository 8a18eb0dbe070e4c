-- Grain: one row per hour and chain: the end of the hour.
-- Answers: How far apart were the cheapest listing and the best collection offer?
-- Parameter: collection text; the collection
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Parameter: hours integer = 24; hours of unbroken coverage after which the book counts as known
-- Plot: line at floor best_offer
-- Example: tidemark query spread --collection pudgypenguins --plot
-- Needs: orders
-- Looks: back
-- Exact: floor best_offer spread
-- NULL where it is not known: in gaps of the coverage, for some hours after each, and where a better order may have been left out.
-- Never known: listings older than that, private ones, and those on other marketplaces.
-- Bids on single items and on traits are no part of it: only the owners of those items could take them.
SELECT
    at, chain, payment_token_symbol AS token, floor, best_offer, floor - best_offer AS spread,
    round(100 * (floor - best_offer) / nullif(floor, 0), 2) AS spread_percent
FROM mart.book(CAST(:collection AS text), :from, :to, interval '1 hour', make_interval(hours => :hours))
ORDER BY at, chain COLLATE "C";
