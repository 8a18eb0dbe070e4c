-- Lines that could not be read, counted: of a flood of them, ops.quarantine keeps the first.

CREATE TABLE ops.reject (
    source_hour timestamptz NOT NULL,
    key         text        NOT NULL,
    collector   text        NOT NULL,
    event_type  text        NOT NULL,
    reason      text        NOT NULL,
    lines       bigint      NOT NULL CHECK (lines > 0),
    kept        bigint      NOT NULL CHECK (kept BETWEEN 0 AND lines),
    PRIMARY KEY (source_hour, key, event_type, reason)
);

COMMENT ON TABLE ops.reject IS 'One row per object, event type and reason for which lines of it could not be read: all of them are counted here, and the first hundred stand in ops.quarantine.';
COMMENT ON COLUMN ops.reject.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.reject.key IS 'The object that holds the lines.';
COMMENT ON COLUMN ops.reject.collector IS 'The collector that received them.';
COMMENT ON COLUMN ops.reject.event_type IS 'The event type that the manifest counts them under; unknown where they were loaded by a version that did not note it.';
COMMENT ON COLUMN ops.reject.reason IS 'Why they could not be read: the first word of ops.quarantine.reason.';
COMMENT ON COLUMN ops.reject.lines IS 'How many lines.';
COMMENT ON COLUMN ops.reject.kept IS 'How many of them stand in ops.quarantine; the archive has all, and a load with --force reads them anew.';

INSERT INTO ops.reject (source_hour, key, collector, event_type, reason, lines, kept)
SELECT source_hour, key, collector, 'unknown', split_part(reason, ':', 1), count(*), count(*)
FROM ops.quarantine
GROUP BY source_hour, key, collector, split_part(reason, ':', 1);

COMMENT ON TABLE ops.quarantine IS 'One row per record line that could not be read as any event; of the same event type and reason, the first hundred of an object. ops.reject counts all of them.';
COMMENT ON COLUMN ops.load_run.quarantined IS 'Lines that could not be read: ops.reject.';
COMMENT ON COLUMN staging.sale_sight.sight IS 'Number of the line within the load: growing in order of file and line.';
