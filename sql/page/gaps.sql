-- Grain: one row per hour, collector, interval and reason; of several topics at once the number of them and one name.
SELECT
    hour, collector, from_at, to_at, reason, count(*) AS topics, min(topic) AS topic,
    max(repaired_by) FILTER (WHERE repaired_by IS NOT NULL) AS repaired_by, sum(recovered)::bigint AS recovered,
    bool_and(repaired_by IS NOT NULL) AS is_repaired
FROM mart.gaps
WHERE hour = ANY (CAST(:hours AS timestamptz[]))
GROUP BY hour, collector, from_at, to_at, reason
ORDER BY hour, collector, from_at, to_at, reason;
