-- Grain: one row per load of an hour, the newest first.
SELECT
    hour, load_id, started_at, finished_at, software, collectors,
    files, lines, inserted, replaced, duplicates, other, quarantined
FROM mart.loads
WHERE hour = ANY (CAST(:hours AS timestamptz[]))
ORDER BY hour, load_id DESC;
