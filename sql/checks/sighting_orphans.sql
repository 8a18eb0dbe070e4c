-- Grain: one row per sighting without its sale, or sale without the sighting that it was read from.
-- Wrong: A collector saw a sale that the warehouse does not hold, or a sale says that a collector reported it which did not see it in that hour.
-- Next: Load the hour again with --force.
-- nearly all are in the same hour, and every month is looked into for the others alone
WITH elsewhere AS MATERIALIZED (
    SELECT sale_uid, source_hour, collector
    FROM core.sale_sighting AS seen
    WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
        AND NOT EXISTS (
            SELECT
            FROM core.sale
            WHERE sale.sale_uid = seen.sale_uid AND sale.source_hour = seen.source_hour
                AND (CAST(:hour AS timestamptz) IS NULL OR sale.source_hour = :hour)
        )
),
held AS (
    SELECT sale_uid, source_hour, first_collector FROM core.sale
    UNION ALL
    SELECT sale_uid, source_hour, first_collector FROM core.sale_superseded
)
SELECT seen.sale_uid, seen.source_hour, seen.collector
FROM elsewhere AS seen
WHERE NOT EXISTS (SELECT FROM core.sale WHERE sale.sale_uid = seen.sale_uid)
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
