-- Writes what was decided about the sales: who observed them, in which versions, and which hours report again.

-- core.sale_sighting: who observed what.
DELETE FROM core.sale_sighting AS old
USING (SELECT sale_uid, collector FROM lost_sighting UNION ALL SELECT sale_uid, collector FROM sighting) AS changed
WHERE old.source_hour = :hour AND old.sale_uid = changed.sale_uid AND old.collector = changed.collector;

INSERT INTO core.sale_sighting (sale_uid, source_hour, collector, observations, first_received_at)
SELECT sale_uid, :hour, collector, observations, first_received_at
FROM sighting
ORDER BY sale_uid, collector;

-- ops.sale_conflict: every version but the kept one.
DELETE FROM ops.sale_conflict WHERE :again AND source_hour = :hour AND collector = ANY (:collectors);

DELETE FROM ops.sale_conflict AS old
USING kept_values AS kept
WHERE old.sale_uid = kept.sale_uid AND old.payload_hash = md5(kept.reported::text);

DELETE FROM ops.sale_conflict
WHERE sale_uid IN (SELECT sale_uid FROM retracted WHERE is_removed);

INSERT INTO ops.sale_conflict AS old (sale_uid, reported, payload_hash, source, sent_at, received_at, collector, source_hour)
SELECT sale_uid, reported, payload_hash, source, sent_at, received_at, collector, source_hour
FROM version
ON CONFLICT (sale_uid, payload_hash) DO UPDATE
    SET (source, sent_at, received_at, collector, source_hour)
        = (excluded.source, excluded.sent_at, excluded.received_at, excluded.collector, excluded.source_hour)
    WHERE ops.precedence(excluded.source, excluded.sent_at, excluded.received_at, excluded.collector, excluded.source_hour)
        < ops.precedence(old.source, old.sent_at, old.received_at, old.collector, old.source_hour);

-- ops.load_run: hours that have to be loaded again.
UPDATE ops.load_run
SET fingerprint = ''
WHERE source_hour IN (
    SELECT seen.source_hour FROM core.sale_sighting AS seen JOIN retracted_key USING (sale_uid) WHERE seen.source_hour <> :hour
);
