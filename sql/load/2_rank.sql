-- Grain: one row per sale of this load, with its strongest sight.
CREATE TEMP TABLE best ON COMMIT DROP AS
SELECT DISTINCT ON (sale_uid) sale_uid, sight, file, content, ops.strength(source, sent_at, received_at, collector) AS strength
FROM sale_sight
ORDER BY sale_uid, strength, sight;
ANALYZE best (sale_uid, sight);

-- Loads take turns from here on, so that what one decides by is still so when it commits. Reading goes on beside.
SELECT pg_advisory_xact_lock(hashtextextended('tidemark facts', 0));
