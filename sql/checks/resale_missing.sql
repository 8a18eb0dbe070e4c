-- Grain: one row per sale whose seller had bought the token before and that mart.resale lacks. Only where the whole warehouse is checked: it looks into each month.
-- Wrong: mart.resale lacks a resale of a day that was scored since, so the question flips leaves it out.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
WITH sale AS MATERIALIZED (
    SELECT sale_uid, sold_at, day, chain, contract_address, token_id, seller, buyer
    FROM mart.sales
    WHERE CAST(:hour AS timestamptz) IS NULL AND seller <> buyer
)
SELECT sale_uid, sold_at
FROM sale
WHERE day < coalesce((SELECT min(stale.day) FROM mart.stale_day AS stale), 'infinity')
    AND day IN (SELECT daily.day FROM mart.market_daily AS daily WHERE daily.chain IS NULL)
    AND sold_at >= core.sales_closed_before()
    AND EXISTS (
        SELECT
        FROM sale AS bought
        WHERE bought.chain = sale.chain AND bought.contract_address = sale.contract_address AND bought.token_id = sale.token_id
            AND bought.buyer = sale.seller AND bought.sold_at <= sale.sold_at
    )
    AND NOT EXISTS (SELECT FROM mart.resale WHERE resale.sold_at = sale.sold_at AND resale.sale_uid = sale.sale_uid)
