-- Grain: one row of mart.top_sale_daily per sale of the day that is among the hundred of its chain with the highest price in US dollars.
DELETE FROM mart.top_sale_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.top_sale_daily (day, chain, sale_uid, sold_at, price_usd)
SELECT (:day AT TIME ZONE 'UTC')::date, chain, sale_uid, sold_at, price_usd
FROM (
    SELECT
        chain, sale_uid, sold_at, price_usd,
        row_number() OVER (PARTITION BY chain ORDER BY price_usd DESC NULLS LAST, sold_at, sale_uid) AS place
    FROM scored_sale
    WHERE NOT is_implausible
) AS ranked
WHERE place <= 100;
