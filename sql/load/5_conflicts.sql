-- The versions that this hour reported before: it tells them again below, or not.
WITH old AS (
    DELETE FROM ops.sale_conflict WHERE :again AND source_hour = :hour AND collector = ANY (:collectors) RETURNING *
)
INSERT INTO reported_before SELECT * FROM old;

-- Grain: one row per sale and version of it that a duplicate tells, or a row that gave way did, with the strongest who reported it.
CREATE TEMP TABLE version ON COMMIT DROP AS
WITH reported AS (
    SELECT sale_uid, ops.reported_values(to_jsonb(reported)) AS reported, source, sent_at, received_at, collector, CAST(:hour AS timestamptz) AS source_hour
    FROM sale_observation AS reported
    WHERE observation IN (SELECT observation FROM duplicate WHERE may_differ)
    UNION ALL
    SELECT sale_uid, ops.reported_values(to_jsonb(old)), old.source, old.sent_at, old.received_at, old.first_collector, old.source_hour
    FROM replaced AS old
    JOIN known USING (sale_uid)
    WHERE known.precedence < known.kept_precedence AND NOT (old.source_hour = :hour AND old.first_collector = ANY (:collectors))
)
SELECT DISTINCT ON (sale_uid, reported) *
FROM reported
ORDER BY sale_uid, reported, ops.precedence(source, sent_at, received_at, collector);
ANALYZE version;

-- Grain: one row per sale and version of it that is not the one in core.sale.
INSERT INTO ops.sale_conflict AS old (sale_uid, reported, payload_hash, source, sent_at, received_at, collector, source_hour)
SELECT
    version.sale_uid, version.reported, md5(version.reported::text),
    version.source, version.sent_at, version.received_at, version.collector, version.source_hour
FROM version
JOIN core.sale AS kept USING (sale_uid)
WHERE version.reported <> ops.reported_values(to_jsonb(kept))
ON CONFLICT (sale_uid, payload_hash) DO UPDATE
    SET (source, sent_at, received_at, collector, source_hour)
        = (excluded.source, excluded.sent_at, excluded.received_at, excluded.collector, excluded.source_hour)
    WHERE ops.precedence(excluded.source, excluded.sent_at, excluded.received_at, excluded.collector)
        < ops.precedence(old.source, old.sent_at, old.received_at, old.collector);

-- What stands in core.sale now is no longer another version.
DELETE FROM ops.sale_conflict AS old
USING replaced
JOIN core.sale AS kept USING (sale_uid)
WHERE old.sale_uid = kept.sale_uid AND old.payload_hash = md5(ops.reported_values(to_jsonb(kept))::text);

DELETE FROM ops.sale_conflict AS old
USING replaced
WHERE old.sale_uid = replaced.sale_uid AND NOT EXISTS (SELECT FROM core.sale WHERE sale.sale_uid = old.sale_uid);

-- A row that this hour no longer tells so, and a version that it no longer tells, or tells later.
INSERT INTO retracted (sale_uid)
SELECT sale_uid
FROM replaced AS old
JOIN known USING (sale_uid)
JOIN core.sale AS kept USING (sale_uid)
WHERE known.precedence > known.kept_precedence
    OR known.precedence = known.kept_precedence AND ops.reported_values(to_jsonb(old)) <> ops.reported_values(to_jsonb(kept))
UNION ALL
SELECT sale_uid
FROM reported_before AS old
WHERE NOT EXISTS (
    SELECT
    FROM ops.sale_conflict AS new
    WHERE new.sale_uid = old.sale_uid AND new.payload_hash = old.payload_hash
        AND ops.precedence(new.source, new.sent_at, new.received_at, new.collector)
            <= ops.precedence(old.source, old.sent_at, old.received_at, old.collector)
);

-- Another hour that saw such a sale may tell it better than what is left: it has to be loaded again.
UPDATE ops.load_run
SET fingerprint = ''
WHERE source_hour IN (
    SELECT seen.source_hour FROM core.sale_sighting AS seen JOIN retracted USING (sale_uid) WHERE seen.source_hour <> :hour
);
