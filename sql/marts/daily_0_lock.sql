-- Grain: no rows. Closes the gate of loads (tidemark/loader/warehouse/turns.py): a day is scored while no load changes sales.
LOCK TABLE mart.stale_day IN SHARE ROW EXCLUSIVE MODE;

-- As in sql/load/2_rank.sql: statistics that know fewer sales than the day has are too old to join row by row.
SELECT set_config('enable_nestloop', 'off', true)
WHERE ops.counted_sales(core.received_from(:day), :day + interval '31 days') < (
    SELECT count(*)
    FROM core.sale
    WHERE sold_at >= :day AND sold_at < :day + interval '24 hours'
        AND source_hour >= core.received_from(:day) AND source_hour < :day + interval '31 days'
);

-- PostgreSQL would compile (jit) the functions that are called for each collection at every call: minutes, where the calls
-- take a second.
SET LOCAL jit = off;
