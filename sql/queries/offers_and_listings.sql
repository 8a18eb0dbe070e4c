-- Grain: one row per UTC day.
-- Answers: Do people buy listings, or do they sell into offers?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: line day offer_percent
-- Example: tidemark query offers_and_listings --collection pudgypenguins
-- offer_percent is of the sales whose side is known. Medians are prices of one in ETH, over the sales with a rate. Prices that cannot be true are
-- left out of the amounts; implausible counts them.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
daily AS (
    SELECT day, listings, offers, unknown_side, listings_eth, offers_eth, listing_median_eth, offer_median_eth, implausible
    FROM mart.market_daily
    JOIN span USING (day)
    WHERE is_rolled_up AND chain IS NOT DISTINCT FROM CAST(:chain AS text)
    UNION ALL
    SELECT day, figures.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT
            count(*) FILTER (WHERE side = 'listing') AS listings,
            count(*) FILTER (WHERE side = 'offer') AS offers,
            count(*) FILTER (WHERE side = 'unknown') AS unknown_side,
            sum(price_eth) FILTER (WHERE side = 'listing' AND NOT is_implausible) AS listings_eth,
            sum(price_eth) FILTER (WHERE side = 'offer' AND NOT is_implausible) AS offers_eth,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE side = 'listing' AND NOT is_implausible)
                AS listing_median_eth,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE side = 'offer' AND NOT is_implausible)
                AS offer_median_eth,
            count(*) FILTER (WHERE is_implausible) AS implausible
        FROM (
            SELECT side, price_eth, unit_price_eth, is_implausible
            FROM mart.sales
            WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
                AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
                AND (CAST(:chain AS text) IS NULL OR chain = :chain)
            OFFSET 0 -- works out each row's amount once and not wherever it is named
        ) AS sale
        HAVING count(*) > 0
    ) AS figures
    WHERE NOT is_rolled_up
)
SELECT
    day, listings, offers, unknown_side AS unknown, round(100.0 * offers / nullif(listings + offers, 0), 2) AS offer_percent,
    listings_eth, offers_eth, listing_median_eth, offer_median_eth, implausible
FROM daily
ORDER BY day;
