-- Grain: one row per sale of a scored day, and flag of it, where they contradict each other.
-- Wrong: A sale to oneself is not flagged or another one is, or a flag is of another method, moment or weight than its sale and signal, or mart.suspect_sale lacks a suspect or has another sale, or a flag is of no sale.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
WITH scored AS (
    SELECT sale_uid, sold_at, coalesce(maker = taker OR seller = buyer, false) AS to_oneself
    FROM core.sale
    WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
        AND NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = (sold_at AT TIME ZONE 'UTC')::date)
)
SELECT sale.sale_uid, sale.sold_at, flag.signal, flag.method
FROM scored AS sale
LEFT JOIN mart.sale_flags AS flag USING (sale_uid)
LEFT JOIN mart.flag_method AS method USING (method, signal)
LEFT JOIN mart.suspect_sale AS suspect ON suspect.sale_uid = sale.sale_uid
WHERE method.method <> (SELECT max(method) FROM mart.flag_method)
    OR (flag.sold_at, flag.suspects) <> (sale.sold_at, method.suspects)
    OR (flag.signal = 'self_trade' AND NOT sale.to_oneself)
    OR (
        sale.to_oneself
        AND NOT EXISTS (SELECT FROM mart.sale_flags AS own WHERE own.sale_uid = sale.sale_uid AND own.signal = 'self_trade')
    )
    OR (
        suspect.is_implausible
        IS DISTINCT FROM (SELECT bool_or(own.signal = 'implausible_price') FROM mart.sale_flags AS own WHERE own.sale_uid = sale.sale_uid AND own.suspects)
    )
UNION ALL
SELECT flag.sale_uid, flag.sold_at, flag.signal, flag.method
FROM mart.sale_flags AS flag
WHERE CAST(:hour AS timestamptz) IS NULL AND NOT EXISTS (SELECT FROM core.sale WHERE sale.sale_uid = flag.sale_uid)
