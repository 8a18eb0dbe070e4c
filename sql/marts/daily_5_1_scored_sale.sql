-- Grain: one row per sale of the day, with what the roll-ups of the whole market read of it.
CREATE TEMP TABLE scored_sale ON COMMIT DROP AS
SELECT
    sale_uid, chain, collection_slug, seller, buyer, side, transaction_hash, sold_at, payment_token_address, payment_token_symbol, price,
    price_eth, price_usd, unit_price_eth, marketplace_fee, royalty, eth_rate, usd_rate, is_implausible
FROM mart.sales
WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND source_hour >= core.received_from(:day);
