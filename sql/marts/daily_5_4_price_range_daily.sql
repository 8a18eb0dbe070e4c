-- Grain: one row of mart.price_range_daily per chain and range of prices of the day.
DELETE FROM mart.price_range_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.price_range_daily (day, chain, from_eth, sales, prices_eth)
SELECT (:day AT TIME ZONE 'UTC')::date, chain, mart.price_range(unit_price_eth), count(*), sum(unit_price_eth)
FROM scored_sale
WHERE unit_price_eth IS NOT NULL AND NOT is_implausible
GROUP BY 2, 3;
