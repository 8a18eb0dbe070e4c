-- Grain: one row per sale and collector that saw it in this hour.
WITH seen AS (
    INSERT INTO core.sale_sighting AS old (sale_uid, source_hour, collector, observations, first_received_at)
    SELECT sale_uid, :hour, collector, count(*), min(received_at)
    FROM sale_observation
    GROUP BY sale_uid, collector
    ORDER BY sale_uid, collector
    ON CONFLICT (sale_uid, source_hour, collector) DO UPDATE
        SET observations = excluded.observations, first_received_at = excluded.first_received_at
        WHERE (old.observations, old.first_received_at) IS DISTINCT FROM (excluded.observations, excluded.first_received_at)
    RETURNING sale_uid
)
INSERT INTO new_sighting SELECT DISTINCT sale_uid FROM seen;
ANALYZE new_sighting;

-- A sale that no line of this hour tells any more goes; where another hour saw it too, that one has to tell it now (5_conflicts.sql).
WITH orphan AS (
    DELETE FROM core.sale AS old
    USING retracted
    WHERE old.sale_uid = retracted.sale_uid AND old.source_hour = :hour AND old.first_collector = ANY (:collectors)
        AND NOT EXISTS (SELECT FROM sale_observation AS new WHERE new.sale_uid = retracted.sale_uid)
    RETURNING old.*
)
INSERT INTO replaced SELECT * FROM orphan;
