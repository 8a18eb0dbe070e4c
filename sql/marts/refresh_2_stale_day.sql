-- Grain: one row of mart.stale_day per UTC day that the load touched.
INSERT INTO mart.stale_day (day)
SELECT DISTINCT (sold_at AT TIME ZONE 'UTC')::date
FROM touched;
