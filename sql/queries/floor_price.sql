-- Grain: one row per hour and chain: the end of the hour.
-- Answers: What was the floor of a collection, its cheapest open listing?
-- Parameter: collection text; the collection
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Parameter: hours integer = 24; hours of unbroken coverage after which the book counts as known
-- Plot: line at floor
-- Example: tidemark query floor_price --collection pudgypenguins --plot
-- Needs: orders
-- Looks: back
-- Exact: floor
-- NULL where it is not known: in gaps of the coverage, for some hours after each, and where a better order may have been left out;
-- listings are also NULL where any that may be open was left out (TIDEMARK_BOOK_DEPTH).
-- Never known: listings older than that, private ones, and those on other marketplaces.
SELECT at, chain, payment_token_symbol AS token, floor, listings, listed_items
FROM mart.book(CAST(:collection AS text), :from, :to, interval '1 hour', make_interval(hours => :hours))
ORDER BY at, chain COLLATE "C";
