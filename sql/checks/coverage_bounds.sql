-- Grain: one row per interval of coverage or gap that lies outside its hour or over another one of its collector and topic.
-- Wrong: The coverage ledger says two things of one moment, or speaks of another hour.
-- Next: Look at the manifest of that collector and hour.
WITH span AS (
    SELECT source_hour, collector, topic, from_at, to_at, 'covered' AS kind FROM ops.coverage
    UNION ALL
    SELECT source_hour, collector, topic, from_at, to_at, 'gap' FROM ops.gap
),
ordered AS (
    SELECT *, max(to_at) OVER (
        PARTITION BY source_hour, collector, topic ORDER BY from_at, to_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before
    FROM span
    WHERE CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour
)
SELECT source_hour, collector, topic, kind, from_at, to_at
FROM ordered
WHERE from_at < source_hour OR to_at > source_hour + interval '1 hour' OR from_at < before
