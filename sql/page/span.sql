-- Grain: one row: the first and the last hour that was loaded, NULL in an empty warehouse.
SELECT min(hour) AS first, max(hour) AS last FROM mart.hour_quality;
