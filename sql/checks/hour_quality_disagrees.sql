-- Grain: one row per loaded archive hour whose quality figures contradict the facts.
-- Wrong: mart.hour_quality counts other sales than core.sale holds, or more seconds than an hour has.
-- Next: Load the hour again with --force.
WITH hours AS (
    SELECT DISTINCT source_hour AS hour
    FROM ops.load_run
    WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour) AND source_hour >= core.closed_before()
),
fact AS (
    SELECT hour, (SELECT count(*) FROM core.sale WHERE source_hour = hour) AS facts
    FROM hours
)
SELECT fact.hour, fact.facts, quality.sales, quality.covered_s, quality.covered_twice_s, quality.repaired_s
FROM fact
LEFT JOIN mart.hour_quality AS quality USING (hour)
WHERE quality.sales IS DISTINCT FROM fact.facts
    OR quality.covered_s + quality.repaired_s > 3600
    OR quality.covered_twice_s > quality.covered_s
