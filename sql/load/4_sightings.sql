-- Grain: one row per sale and collector that saw it in this hour.
WITH seen AS (
    INSERT INTO core.sale_sighting AS old (sale_uid, source_hour, collector, sights, first_received_at)
    SELECT sale_uid, :hour, collector, count(*), min(received_at)
    FROM sale_sight
    GROUP BY sale_uid, collector
    ORDER BY sale_uid, collector
    ON CONFLICT (sale_uid, source_hour, collector) DO UPDATE
        SET sights = excluded.sights, first_received_at = excluded.first_received_at
        WHERE (old.sights, old.first_received_at) IS DISTINCT FROM (excluded.sights, excluded.first_received_at)
    RETURNING sale_uid
)
INSERT INTO seen_anew SELECT DISTINCT sale_uid FROM seen;
ANALYZE seen_anew;

-- A transform that reads a line otherwise than its predecessor did can make a sale disappear.
WITH lost AS (
    DELETE FROM core.sale_sighting AS old
    WHERE :again
        AND old.source_hour = :hour
        AND old.collector = ANY (:collectors)
        AND NOT EXISTS (SELECT FROM sale_sight AS new WHERE new.sale_uid = old.sale_uid AND new.collector = old.collector)
    RETURNING old.sale_uid
)
INSERT INTO gone SELECT DISTINCT sale_uid FROM lost;

WITH orphan AS (
    DELETE FROM core.sale AS old
    USING gone
    WHERE old.sale_uid = gone.sale_uid AND old.source_hour = :hour AND old.first_collector = ANY (:collectors)
        AND NOT EXISTS (SELECT FROM sale_sight AS new WHERE new.sale_uid = gone.sale_uid)
    RETURNING old.*
)
INSERT INTO withdrawn SELECT * FROM orphan;

-- Another hour that saw it too has to tell it now.
UPDATE ops.load_run
SET fingerprint = ''
WHERE source_hour IN (
    SELECT seen.source_hour FROM core.sale_sighting AS seen JOIN gone USING (sale_uid) WHERE seen.source_hour <> :hour
);
