-- Grain: one row per archive hour.
-- Answers: How long does a sale take to reach the warehouse?
-- Parameter: from start-hour = newest-7d; first hour
-- Parameter: to end-hour = newest; last hour, included
-- Plot: line hour total_p50_s total_p95_s
-- Example: tidemark query latency --from 2026-11-20T10 --to 2026-11-20T12
-- Seconds. Backfilled hours are late in loaded. Replayed sales and those that repair brought are left out.
SELECT
    hour,
    live_sales AS sales,
    sold_to_sent_p50_s,
    sent_to_received_p50_s,
    received_to_loaded_p50_s,
    sold_to_loaded_p50_s AS total_p50_s,
    sold_to_loaded_p95_s AS total_p95_s,
    sold_to_loaded_p99_s AS total_p99_s
FROM mart.hour_quality
WHERE hour >= :from AND hour < :to AND live_sales > 0
ORDER BY hour;
