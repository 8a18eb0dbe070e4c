-- Grain: one row per archive hour whose newest load does not add up.
-- Wrong: The lines of a load are not the lines of its files, or it says another number of rejected or quarantined lines than there are.
-- Next: Load the hour again with --force.
WITH newest AS (
    SELECT DISTINCT ON (source_hour) *
    FROM ops.load_run
    WHERE CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour
    ORDER BY source_hour, load_id DESC
),
counted AS (
    SELECT
        newest.source_hour, newest.load_id, newest.lines, newest.quarantined,
        (SELECT coalesce(sum(file.lines), 0) FROM ops.load_file AS file WHERE file.load_id = newest.load_id) AS file_lines,
        rejected.lines AS rejected, rejected.quarantined AS held,
        (
            SELECT count(*) FROM ops.quarantine AS kept
            WHERE kept.source_hour = newest.source_hour AND kept.collector = ANY (newest.collectors)
        ) AS in_quarantine
    FROM newest,
        LATERAL (
            SELECT coalesce(sum(reject.lines), 0) AS lines, coalesce(sum(reject.quarantined), 0) AS quarantined
            FROM ops.reject
            WHERE reject.source_hour = newest.source_hour AND reject.collector = ANY (newest.collectors)
        ) AS rejected
)
SELECT source_hour, load_id, lines, file_lines, quarantined, rejected, held, in_quarantine
FROM counted
WHERE lines <> file_lines OR quarantined <> rejected OR held <> in_quarantine
