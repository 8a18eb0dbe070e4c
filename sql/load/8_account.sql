-- Grain: one row per object of the load, each of its lines in one place.
CREATE TEMP TABLE account ON COMMIT DROP AS
WITH passed_over AS (
    SELECT file, count(*) AS duplicates FROM duplicate GROUP BY file
),
stronger AS (
    SELECT file, count(*) AS replaced FROM known WHERE gives_way GROUP BY file
)
SELECT
    read.file, read.key, read.collector, read.sha256, read.bytes, read.lines,
    read.observations - coalesce(stronger.replaced, 0) - coalesce(passed_over.duplicates, 0) AS inserted,
    coalesce(stronger.replaced, 0) AS replaced,
    coalesce(passed_over.duplicates, 0) AS duplicates,
    read.other, read.quarantined, read.rejects
FROM jsonb_to_recordset(:files) AS read (
    file integer, key text, collector text, sha256 text, bytes bigint, lines bigint, observations bigint, other bigint, quarantined bigint,
    rejects jsonb
)
LEFT JOIN passed_over USING (file)
LEFT JOIN stronger USING (file);

INSERT INTO ops.load_run (
    load_id, source_hour, fingerprint, collectors, started_at, finished_at, software,
    files, lines, inserted, replaced, duplicates, other, quarantined, superseded
)
OVERRIDING SYSTEM VALUE
SELECT
    :load_id, :hour, :fingerprint, :collectors, :started_at, clock_timestamp(), :software,
    count(*), coalesce(sum(lines), 0), coalesce(sum(inserted), 0), coalesce(sum(replaced), 0), coalesce(sum(duplicates), 0),
    coalesce(sum(other), 0), coalesce(sum(quarantined), 0), (SELECT coalesce(sum(superseded), 0) FROM superseded_delta)
FROM account;

INSERT INTO ops.load_file (load_id, file, key, collector, sha256, bytes, lines, inserted, replaced, duplicates, other, quarantined)
SELECT :load_id, file, key, collector, sha256, bytes, lines, inserted, replaced, duplicates, other, quarantined
FROM account;

INSERT INTO ops.reject (source_hour, key, collector, event_type, reason, lines, kept)
SELECT :hour, account.key, account.collector, reject.event_type, reject.reason, reject.lines, reject.kept
FROM account, jsonb_to_recordset(account.rejects) AS reject (event_type text, reason text, lines bigint, kept bigint);
