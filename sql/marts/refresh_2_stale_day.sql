-- Grain: one row of mart.stale_day per UTC day and archive hour whose sales the load changed.
INSERT INTO mart.stale_day (day, source_hour)
SELECT DISTINCT (sold_hour AT TIME ZONE 'UTC')::date, source_hour
FROM changed
WHERE sold_hour >= core.sales_closed_before();

-- A sale that went can be what another day's flag was about.
INSERT INTO mart.stale_day (day)
SELECT DISTINCT (flag.sold_at AT TIME ZONE 'UTC')::date
FROM leaving AS gone
JOIN core.sale AS other USING (chain, contract_address, token_id)
JOIN mart.sale_flags AS flag ON flag.sale_uid = other.sale_uid
WHERE flag.signal IN ('back_and_forth', 'bought_again') AND flag.sold_at >= core.sales_closed_before()
    AND NOT EXISTS (SELECT FROM core.sale AS kept WHERE kept.sale_uid = gone.sale_uid);
