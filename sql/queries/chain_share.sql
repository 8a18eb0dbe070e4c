-- Grain: one row per chain with events or sales.
-- Answers: Which share of listings, bids, sales and mints does each chain have?
-- Parameter: from start-hour = newest-7d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: bar chain listings_percent
-- Example: tidemark query chain_share --from 2026-11-20 --to 2026-11-20
-- Needs: market
-- Whole: listings bids mints
-- bids are those on items, collections and traits. Events are of the hour in which they were received, sales of that in which they were
-- made. Where no hour's market is known, only sales have values.
WITH event AS (
    SELECT
        coalesce(chain, 'unknown') AS chain,
        sum(listings) AS listings, sum(item_bids + collection_offers + trait_offers) AS bids, sum(mints) AS mints
    FROM mart.market_hourly
    WHERE hour >= :from AND hour < :to
    GROUP BY 1
),
sold AS (
    SELECT chain, sum(sales)::bigint AS sales
    FROM mart.collection_hourly
    WHERE hour >= :from AND hour < :to
    GROUP BY chain
),
share AS (
    SELECT
        chain, coalesce(listings, nothing) AS listings, coalesce(bids, nothing) AS bids, coalesce(sales, 0) AS sales,
        coalesce(mints, nothing) AS mints
    FROM event
    FULL JOIN sold USING (chain)
    CROSS JOIN (SELECT min(0) AS nothing FROM mart.market_hour WHERE is_known AND hour >= :from AND hour < :to) AS known
)
SELECT
    chain,
    listings, round(100 * listings / nullif(sum(listings) OVER (), 0), 2) AS listings_percent,
    bids, round(100 * bids / nullif(sum(bids) OVER (), 0), 2) AS bids_percent,
    sales, round(100 * sales / nullif(sum(sales) OVER (), 0), 2) AS sales_percent,
    mints, round(100 * mints / nullif(sum(mints) OVER (), 0), 2) AS mints_percent
FROM share
ORDER BY listings DESC NULLS LAST, sales DESC NULLS LAST, chain;
