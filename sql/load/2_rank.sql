-- Grain: one row per sight of this load that core.sale is not written from: behind the strongest of its sale; 3_sales.sql adds those that core.sale
-- holds out against.
CREATE TEMP TABLE duplicate ON COMMIT DROP AS
WITH ranked AS (
    SELECT
        sight, file,
        row_number() OVER strongest AS place,
        content <> first_value(content) OVER strongest AS may_differ
    FROM sale_sight
    WINDOW strongest AS (PARTITION BY sale_uid ORDER BY ops.strength(source, sent_at, received_at, collector), sight)
)
SELECT sight, file, may_differ
FROM ranked
WHERE place > 1;
ANALYZE duplicate;
ANALYZE sale_sight (sight, sale_uid);

-- Loads take turns from here on, so that what one decides by is still so when it commits. Reading goes on beside.
SELECT pg_advisory_xact_lock(hashtextextended('tidemark facts', 0));

-- Statistics that know fewer sales than the hour has may be from before its rows came, or from a moment at which no row was committed yet. A join
-- row by row then looks cheap and never ends.
SELECT set_config('enable_nestloop', 'off', true)
FROM pg_class
WHERE oid IN ('core.sale'::regclass, 'core.sale_sighting'::regclass)
HAVING min(reltuples) < (SELECT reltuples FROM pg_class WHERE oid = 'sale_sight'::regclass);
