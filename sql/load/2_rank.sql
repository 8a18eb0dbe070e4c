-- Grain: one row per observation of this load that core.sale is not written from: behind the strongest of its sale; 3_sales.sql adds those that core.sale
-- holds out against.
CREATE TEMP TABLE duplicate ON COMMIT DROP AS
WITH ranked AS (
    SELECT
        observation, file,
        row_number() OVER strongest AS place,
        payload_hash <> first_value(payload_hash) OVER strongest AS may_differ
    FROM sale_observation
    WINDOW strongest AS (PARTITION BY sale_uid ORDER BY ops.precedence(source, sent_at, received_at, collector), observation)
)
SELECT observation, file, may_differ
FROM ranked
WHERE place > 1;
ANALYZE duplicate;
ANALYZE sale_observation (observation, sale_uid);

-- Loads take turns from here on, so that what one decides by is still so when it commits. Reading goes on beside.
SELECT pg_advisory_xact_lock(hashtextextended('tidemark facts', 0));

-- Statistics that know fewer sales than the hour has may be from before its rows came, or from a moment at which no row was committed yet. A join
-- row by row then looks cheap and never ends.
SELECT set_config('enable_nestloop', 'off', true)
FROM pg_class
WHERE oid IN ('core.sale'::regclass, 'core.sale_sighting'::regclass)
HAVING min(reltuples) < (SELECT reltuples FROM pg_class WHERE oid = 'sale_observation'::regclass);
