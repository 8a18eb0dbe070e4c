-- Grain: no rows left of mart.stale_day for the day, which is scored now; a later load marks it again.
DELETE FROM mart.stale_day WHERE day = (:day AT TIME ZONE 'UTC')::date;
