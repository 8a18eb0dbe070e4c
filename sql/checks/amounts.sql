-- Grain: one row per sale whose amounts contradict each other.
-- Wrong: An amount is below zero, fees and royalties exceed the price, or the price of one is not that of all by their number.
-- Next: Compare the row with its message in the archive; load the hour again with --force after a fix of the transform.
SELECT sale_uid, source_hour, price_raw, payment_token_decimals, quantity, price, unit_price, price_usd, price_eth
FROM core.sale
WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    AND (
        least(price_raw, quantity, marketplace_fee_raw, royalty_raw, other_fee_raw, usd_rate, eth_rate) < 0
        OR coalesce(marketplace_fee_raw, 0) + coalesce(royalty_raw, 0) + coalesce(other_fee_raw, 0) > price_raw
        OR unit_price * quantity <> price
        OR (unit_price IS NOT NULL AND (price IS NULL OR quantity IS NULL OR quantity = 0))
    )
