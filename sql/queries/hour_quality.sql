-- Grain: one row per archive hour that was loaded.
-- Answers: How completely was each hour recorded?
-- Parameter: from start-hour = newest-7d; first hour
-- Parameter: to end-hour = newest; last hour, included
-- Plot: line hour covered_percent covered_twice_percent
-- Example: tidemark query hour_quality --from 2026-11-20T10 --to 2026-11-20T12
-- open_s are the seconds that no collector covered and no repair fetched. missed_estimate is a lower bound of the sales that all collectors missed, blind to what OpenSea sent to no collector; the columns from audited_share to loss_high say what an audit found, NULL without one; docs/coverage.md explains them. An hour that is not listed was not loaded.
SELECT
    hour,
    collectors,
    round(covered_s / 36, 2) AS covered_percent,
    round(covered_twice_s / 36, 2) AS covered_twice_percent,
    round(repaired_s / 36, 2) AS repaired_percent,
    3600 - covered_s - repaired_s AS open_s,
    gaps,
    sales,
    seen_by,
    missed_estimate,
    missed_low,
    missed_high,
    recovered,
    audited_share,
    api_sales,
    api_seen_by,
    api_unseen,
    api_unseen_uncovered,
    stream_only,
    loss,
    loss_low,
    loss_high,
    quarantined,
    sold_to_sent_p50_s,
    sent_to_received_p50_s,
    received_to_loaded_p50_s
FROM mart.hour_quality
WHERE hour >= :from AND hour < :to
ORDER BY hour;
