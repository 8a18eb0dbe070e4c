-- Grain: one row per archive hour.
-- Answers: How long does a sale take to reach the warehouse?
-- Parameter: from start-hour = newest-7d; first hour
-- Parameter: to end-hour = newest; last hour, included
-- Plot: line hour total_p50_s total_p95_s
-- Example: tidemark query latency --from 2026-11-20T10 --to 2026-11-20T12
-- Seconds. Backfilled hours are late in loaded. Replayed sales and those that repair brought are left out.
WITH sale AS (
    SELECT
        source_hour AS hour,
        extract(epoch FROM sent_at - sold_at) AS sent,
        extract(epoch FROM received_at - sent_at) AS received,
        extract(epoch FROM loaded_at - received_at) AS loaded,
        extract(epoch FROM loaded_at - sold_at) AS total
    FROM core.sale
    WHERE source_hour >= :from AND source_hour < :to AND source = 'stream' AND NOT is_replayed
)
SELECT
    hour,
    count(*) AS sales,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY sent)::numeric, 3) AS sold_to_sent_p50_s,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY received)::numeric, 3) AS sent_to_received_p50_s,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY loaded)::numeric, 3) AS received_to_loaded_p50_s,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY total)::numeric, 3) AS total_p50_s,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY total)::numeric, 3) AS total_p95_s,
    round(percentile_cont(0.99) WITHIN GROUP (ORDER BY total)::numeric, 3) AS total_p99_s
FROM sale
GROUP BY hour
ORDER BY hour;
