-- Grain: one row of mart.sweep_daily per transaction of the day and wallet that bought at least five NFTs in it.
DELETE FROM mart.sweep_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.sweep_daily (
    day, chain, transaction_hash, buyer, sold_at, sales, volume_eth, volume_usd, collections, sellers, without_eth, implausible
)
SELECT
    (:day AT TIME ZONE 'UTC')::date, chain, transaction_hash, buyer, min(sold_at), count(*),
    sum(price_eth) FILTER (WHERE NOT is_implausible),
    sum(price_usd) FILTER (WHERE NOT is_implausible),
    count(DISTINCT collection_slug),
    count(DISTINCT seller),
    count(*) FILTER (WHERE price_eth IS NULL AND NOT is_implausible),
    count(*) FILTER (WHERE is_implausible)
FROM scored_sale
WHERE buyer IS NOT NULL
GROUP BY chain, transaction_hash, buyer
HAVING count(*) >= 5;
