-- Grain: one row per object of the load, each of its lines in one place.
CREATE TEMP TABLE account ON COMMIT DROP AS
WITH counted AS (
    SELECT
        file,
        count(*) FILTER (WHERE outcome = 'new') AS inserted,
        count(*) FILTER (WHERE outcome = 'replaces') AS replaced,
        count(*) FILTER (WHERE outcome IN ('duplicate', 'conflicting')) AS duplicates,
        count(*) FILTER (WHERE outcome = 'conflicting') AS conflicting
    FROM outcome
    GROUP BY file
)
SELECT
    read.file, read.key, read.collector, read.sha256, read.bytes, read.lines,
    coalesce(inserted, 0) AS inserted, coalesce(replaced, 0) AS replaced, coalesce(duplicates, 0) AS duplicates,
    coalesce(conflicting, 0) AS conflicting, read.other, read.quarantined, read.rejects
FROM jsonb_to_recordset(:files) AS read (
    file integer, key text, collector text, sha256 text, bytes bigint, lines bigint, other bigint, quarantined bigint, rejects jsonb
)
LEFT JOIN counted USING (file);

INSERT INTO ops.load_run (
    load_id, source_hour, fingerprint, collectors, started_at, finished_at, software,
    files, lines, inserted, replaced, duplicates, conflicting, other, quarantined, superseded, removed
)
OVERRIDING SYSTEM VALUE
SELECT
    :load_id, :hour, :fingerprint, :collectors, :started_at, clock_timestamp(), :software,
    count(*), coalesce(sum(lines), 0), coalesce(sum(inserted), 0), coalesce(sum(replaced), 0), coalesce(sum(duplicates), 0),
    coalesce(sum(conflicting), 0), coalesce(sum(other), 0), coalesce(sum(quarantined), 0),
    (SELECT count(*) FROM same_sale) - (SELECT count(*) FROM was_superseded),
    (SELECT count(*) FROM retracted WHERE is_removed)
FROM account;

INSERT INTO ops.load_file (load_id, file, key, collector, sha256, bytes, lines, inserted, replaced, duplicates, conflicting, other, quarantined)
SELECT :load_id, file, key, collector, sha256, bytes, lines, inserted, replaced, duplicates, conflicting, other, quarantined
FROM account;

INSERT INTO ops.reject (source_hour, key, collector, event_type, reason, lines, quarantined)
SELECT :hour, account.key, account.collector, reject.event_type, reject.reason, reject.lines, reject.quarantined
FROM account, jsonb_to_recordset(account.rejects) AS reject (event_type text, reason text, lines bigint, quarantined bigint);
