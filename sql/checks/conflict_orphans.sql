-- Grain: one row per conflict of a sale that is not there.
-- Wrong: Another version is kept of a sale that the warehouse does not hold.
-- Next: Load the hour again with --force.
SELECT sale_uid, source_hour, collector
FROM ops.sale_conflict
WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    AND NOT EXISTS (SELECT FROM core.sale WHERE sale.sale_uid = sale_conflict.sale_uid)
    AND NOT EXISTS (SELECT FROM core.sale_superseded AS old WHERE old.sale_uid = sale_conflict.sale_uid)
