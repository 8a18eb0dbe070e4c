-- Grain: one row per sale of a judged day whose flags contradict it.
-- Wrong: A sale to oneself is not flagged, or a flag is of another method or moment than its sale.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
SELECT sale.sale_uid, sale.sold_at, flag.signal, flag.method
FROM core.sale AS sale
LEFT JOIN mart.sale_flags AS flag USING (sale_uid)
WHERE (CAST(:hour AS timestamptz) IS NULL OR sale.source_hour = :hour)
    AND NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = (sale.sold_at AT TIME ZONE 'UTC')::date)
    AND (
        flag.method <> (SELECT max(method) FROM mart.flag_method)
        OR flag.sold_at <> sale.sold_at
        OR (sale.seller = sale.buyer AND flag.sale_uid IS NULL)
    )
