-- Grain: one row of mart.payment_token_daily per chain and payment token of the day.
DELETE FROM mart.payment_token_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.payment_token_daily (
    day, chain, payment_token_address, payment_token_symbol, sales, volume, volume_eth, volume_usd, without_usd, implausible
)
SELECT
    (:day AT TIME ZONE 'UTC')::date, chain, payment_token_address, max(payment_token_symbol), count(*),
    sum(price) FILTER (WHERE NOT is_implausible),
    sum(price_eth) FILTER (WHERE NOT is_implausible),
    sum(price_usd) FILTER (WHERE NOT is_implausible),
    count(*) FILTER (WHERE price_usd IS NULL AND NOT is_implausible),
    count(*) FILTER (WHERE is_implausible)
FROM scored_sale
GROUP BY chain, payment_token_address;
