-- Grain: one row per sighting without its sale, or sale without the sighting that it was read from.
-- Wrong: A collector saw a sale that the warehouse does not hold, or a sale says that a collector reported it which did not see it in that hour.
-- Next: Load the hour again with --force.
WITH held AS (
    SELECT sale_uid, source_hour, first_collector FROM core.sale
    UNION ALL
    SELECT sale_uid, source_hour, first_collector FROM core.sale_superseded
)
SELECT seen.sale_uid, seen.source_hour, seen.collector
FROM core.sale_sighting AS seen
WHERE (CAST(:hour AS timestamptz) IS NULL OR seen.source_hour = :hour)
    AND NOT EXISTS (SELECT FROM core.sale WHERE sale.sale_uid = seen.sale_uid)
    AND NOT EXISTS (SELECT FROM core.sale_superseded AS old WHERE old.sale_uid = seen.sale_uid)
UNION ALL
SELECT held.sale_uid, held.source_hour, held.first_collector
FROM held
WHERE (CAST(:hour AS timestamptz) IS NULL OR held.source_hour = :hour)
    AND NOT EXISTS (
        SELECT
        FROM core.sale_sighting AS seen
        WHERE seen.source_hour = held.source_hour AND seen.sale_uid = held.sale_uid AND seen.collector = held.first_collector
    )
