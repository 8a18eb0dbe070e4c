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
SELECT
    day,
    count(*) FILTER (WHERE side = 'listing') AS listings,
    count(*) FILTER (WHERE side = 'offer') AS offers,
    count(*) FILTER (WHERE side = 'unknown') AS unknown,
    round(100.0 * count(*) FILTER (WHERE side = 'offer') / nullif(count(*) FILTER (WHERE side <> 'unknown'), 0), 2) AS offer_percent,
    sum(price_eth) FILTER (WHERE side = 'listing' AND NOT is_implausible) AS listings_eth,
    sum(price_eth) FILTER (WHERE side = 'offer' AND NOT is_implausible) AS offers_eth,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE side = 'listing' AND NOT is_implausible) AS listing_median_eth,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE side = 'offer' AND NOT is_implausible) AS offer_median_eth,
    count(*) FILTER (WHERE is_implausible) AS implausible
FROM mart.sales
WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY day
ORDER BY day;
