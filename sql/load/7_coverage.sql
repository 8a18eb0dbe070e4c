-- Grain: one row per stretch that a collector covered, or did not, in this hour.
DELETE FROM ops.coverage WHERE source_hour = :hour AND collector = ANY (:collectors);
DELETE FROM ops.gap WHERE source_hour = :hour AND collector = ANY (:collectors);

INSERT INTO ops.coverage (source_hour, collector, topic, from_at, to_at)
SELECT :hour, collector, topic, from_at, to_at
FROM jsonb_to_recordset(:covered) AS stretch (collector text, topic text, from_at timestamptz, to_at timestamptz);

INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
SELECT :hour, collector, topic, from_at, to_at, reason
FROM jsonb_to_recordset(:gaps) AS stretch (collector text, topic text, from_at timestamptz, to_at timestamptz, reason text);

-- A gap is repaired where one run of the Events API covers the whole of it.
UPDATE ops.gap
SET repaired_by = (
    SELECT min(repair.collector)
    FROM (
        SELECT collector, range_agg(tstzrange(from_at, to_at)) AS cover
        FROM ops.coverage
        WHERE source_hour = :hour AND collector LIKE 'events-api-%' AND coverage.topic = gap.topic
        GROUP BY collector
    ) AS repair
    WHERE repair.cover @> tstzrange(gap.from_at, gap.to_at)
)
WHERE source_hour = :hour;
