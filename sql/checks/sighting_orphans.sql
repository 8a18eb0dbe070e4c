-- Grain: one row per sighting without its sale, or sale without a sighting in its hour.
-- Wrong: A collector saw a sale that the warehouse does not hold, or the warehouse holds one that nobody saw in the hour it is from.
-- Next: Load the hour again with --force.
SELECT seen.sale_uid, seen.source_hour, seen.collector
FROM core.sale_sighting AS seen
WHERE (CAST(:hour AS timestamptz) IS NULL OR seen.source_hour = :hour)
    AND NOT EXISTS (SELECT FROM core.sale WHERE sale.sale_uid = seen.sale_uid)
    AND NOT EXISTS (SELECT FROM core.sale_superseded AS old WHERE old.sale_uid = seen.sale_uid)
UNION ALL
SELECT sale.sale_uid, sale.source_hour, NULL
FROM core.sale
WHERE (CAST(:hour AS timestamptz) IS NULL OR sale.source_hour = :hour)
    AND NOT EXISTS (
        SELECT FROM core.sale_sighting AS seen WHERE seen.source_hour = sale.source_hour AND seen.sale_uid = sale.sale_uid
    )
