-- Grain: one row of mart.collection_daily per chain and collection of the day, and of other days where flags changed; the same of
-- mart.collection_hourly by hour.

-- Grain: one row per UTC hour and collection. Another day that waits to be scored is left to its own turn.
CREATE TEMP TABLE changed_hour ON COMMIT DROP AS
SELECT hour, (hour AT TIME ZONE 'UTC')::date AS day, collection
FROM (
    SELECT date_trunc('hour', sold_at, 'UTC') AS hour, coalesce(collection_slug, '') AS collection FROM day_sale
    UNION
    SELECT date_trunc('hour', sale.sold_at, 'UTC'), coalesce(sale.collection_slug, '')
    FROM changed_flag JOIN core.sale AS sale USING (sale_uid)
    WHERE sale.source_hour >= core.received_from((SELECT min(sold_at) FROM changed_flag)) AND NOT EXISTS (
        SELECT FROM mart.stale_day AS stale
        WHERE stale.day = (sale.sold_at AT TIME ZONE 'UTC')::date AND stale.day <> (:day AT TIME ZONE 'UTC')::date
    )
) AS bucket;
ANALYZE changed_hour;

DELETE FROM mart.collection_daily
WHERE day = (:day AT TIME ZONE 'UTC')::date
    OR (day, coalesce(collection_slug, '')) IN (SELECT day, collection FROM changed_hour);

INSERT INTO mart.collection_daily
SELECT day, figures.*
FROM (SELECT day, array_agg(DISTINCT collection) AS collections FROM changed_hour GROUP BY day) AS changed,
    LATERAL (SELECT day::timestamp AT TIME ZONE 'UTC' AS start) AS begins,
    mart.collection_figures(start, start + interval '24 hours', collections) AS figures;

DELETE FROM mart.collection_hourly
WHERE (hour, coalesce(collection_slug, '')) IN (SELECT hour, collection FROM changed_hour);

INSERT INTO mart.collection_hourly
SELECT hour, figures.*
FROM (SELECT hour, array_agg(collection) AS collections FROM changed_hour GROUP BY hour) AS changed,
    mart.collection_figures(hour, hour + interval '1 hour', collections) AS figures;
