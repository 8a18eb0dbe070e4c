-- Grain: one row per observation that another one of the same key and load precedes, with the values of the first.
CREATE TEMP TABLE behind ON COMMIT DROP AS
WITH ranked AS (
    SELECT
        observation, file, sale_uid, payload_hash,
        row_number() OVER by_precedence AS place,
        first_value(payload_hash) OVER by_precedence AS first_payload_hash
    FROM sale_observation
    -- where one collector observed the hour, few keys come twice, and only these are ranked
    WHERE cardinality(CAST(:collectors AS text[])) > 1 OR sale_uid IN (
        SELECT sale_uid FROM observation_row GROUP BY sale_uid HAVING count(*) > 1
    )
    WINDOW by_precedence AS (
        PARTITION BY sale_uid ORDER BY ops.precedence(source, sent_at, received_at, collector, :hour), payload_hash, observation
    )
)
SELECT observation, file, sale_uid, payload_hash, first_payload_hash
FROM ranked
WHERE place > 1;
ANALYZE behind;
ANALYZE observation_row (observation, sale_uid);

-- Statistics that know fewer sales than the hour has may be from before its rows came, or from a moment at which no row
-- was committed yet. A join row by row then looks cheap and takes hours.
SELECT set_config('enable_nestloop', 'off', true)
FROM pg_class
WHERE oid = 'observation_row'::regclass AND reltuples > least(
    ops.counted_sales(:near_from, :hour),
    (SELECT reltuples FROM pg_class WHERE oid = 'core.sale_sighting'::regclass)
);
