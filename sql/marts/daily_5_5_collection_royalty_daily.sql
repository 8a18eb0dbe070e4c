-- Grain: one row of mart.collection_royalty_daily per chain and collection of the day.
DELETE FROM mart.collection_royalty_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.collection_royalty_daily (
    day, chain, collection_slug, sales, sales_with_royalty_known, royalty_eth, royalty_usd, royalty_of_eth, implausible
)
SELECT
    (:day AT TIME ZONE 'UTC')::date, chain, collection_slug, count(*), count(royalty),
    sum(royalty * eth_rate) FILTER (WHERE NOT is_implausible),
    sum(royalty * usd_rate) FILTER (WHERE NOT is_implausible),
    sum(price_eth) FILTER (WHERE royalty IS NOT NULL AND NOT is_implausible),
    count(*) FILTER (WHERE is_implausible)
FROM scored_sale
GROUP BY chain, collection_slug;
