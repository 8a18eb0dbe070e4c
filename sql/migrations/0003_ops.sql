-- ops: what each load did, line by line, and what the collectors covered.

CREATE TABLE ops.load_run (
    load_id     bigint                     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_hour timestamptz                NOT NULL,
    fingerprint text COLLATE "C"           NOT NULL,
    collectors  text[] COLLATE "C"         NOT NULL,
    started_at  timestamptz                NOT NULL,
    finished_at timestamptz                NOT NULL,
    software    text COLLATE "C"           NOT NULL,
    files       integer                    NOT NULL CHECK (files >= 0),
    lines       bigint                     NOT NULL CHECK (lines >= 0),
    inserted    bigint                     NOT NULL CHECK (inserted >= 0),
    replaced    bigint                     NOT NULL CHECK (replaced >= 0),
    duplicates  bigint                     NOT NULL CHECK (duplicates >= 0),
    conflicting bigint                     NOT NULL DEFAULT 0 CHECK (conflicting BETWEEN 0 AND duplicates),
    other       bigint                     NOT NULL CHECK (other >= 0),
    quarantined bigint                     NOT NULL CHECK (quarantined >= 0),
    superseded  bigint                     NOT NULL,
    removed     bigint                     NOT NULL DEFAULT 0 CHECK (removed >= 0),
    CONSTRAINT every_line_has_one_outcome CHECK (lines = inserted + replaced + duplicates + other + quarantined)
);

CREATE INDEX load_run_hour ON ops.load_run (source_hour, load_id);

COMMENT ON TABLE ops.load_run IS
    'One row per committed load of one hour; the newest of an hour describes what the warehouse holds of it from the '
    'collectors that it names.';
COMMENT ON COLUMN ops.load_run.load_id IS 'Number of the load, growing.';
COMMENT ON COLUMN ops.load_run.source_hour IS 'The hour of the archive that was loaded.';
COMMENT ON COLUMN ops.load_run.fingerprint IS
    'Digest of the hour''s manifests; the same digest means that there is nothing to load. Empty where the load of '
    'another hour retracted what this one may report: this hour has to be loaded again.';
COMMENT ON COLUMN ops.load_run.collectors IS 'The collectors whose manifests were read.';
COMMENT ON COLUMN ops.load_run.started_at IS 'When the load began.';
COMMENT ON COLUMN ops.load_run.finished_at IS 'When the load was about to commit.';
COMMENT ON COLUMN ops.load_run.software IS 'The version of Tidemark that loaded.';
COMMENT ON COLUMN ops.load_run.files IS 'Objects read.';
COMMENT ON COLUMN ops.load_run.lines IS 'Record lines read; equal to the sum of the manifests'' records.';
COMMENT ON COLUMN ops.load_run.inserted IS 'Lines that report a sale which core.sale did not have.';
COMMENT ON COLUMN ops.load_run.replaced IS
    'Lines whose sale replaced the row of core.sale: an observation of higher precedence, the same one read again '
    'with --force, or one of lower precedence where the hour no longer reports the row''s own.';
COMMENT ON COLUMN ops.load_run.duplicates IS 'Lines that report a sale which another line or load had reported.';
COMMENT ON COLUMN ops.load_run.conflicting IS
    'Those of the duplicates that report other values than the row of core.sale: ops.sale_difference.';
COMMENT ON COLUMN ops.load_run.other IS 'Lines of other event types.';
COMMENT ON COLUMN ops.load_run.quarantined IS 'Lines that could not be read: ops.reject.';
COMMENT ON COLUMN ops.load_run.superseded IS
    'By how many rows core.sale_superseded grew. Over all loads, inserted less removed less superseded is the number of '
    'rows of core.sale.';
COMMENT ON COLUMN ops.load_run.removed IS 'Keys of sales that were removed because no line reports them any more';
COMMENT ON CONSTRAINT every_line_has_one_outcome ON ops.load_run IS
    'A load whose sums do not balance cannot be committed.';

CREATE TABLE ops.load_file (
    load_id     bigint                     NOT NULL REFERENCES ops.load_run ON DELETE CASCADE,
    file        integer                    NOT NULL,
    key         text COLLATE "C"           NOT NULL,
    collector   text COLLATE "C"           NOT NULL,
    sha256      text COLLATE "C"           NOT NULL,
    bytes       bigint                     NOT NULL,
    lines       bigint                     NOT NULL,
    inserted    bigint                     NOT NULL CHECK (inserted >= 0),
    replaced    bigint                     NOT NULL CHECK (replaced >= 0),
    duplicates  bigint                     NOT NULL CHECK (duplicates >= 0),
    conflicting bigint                     NOT NULL DEFAULT 0 CHECK (conflicting BETWEEN 0 AND duplicates),
    other       bigint                     NOT NULL CHECK (other >= 0),
    quarantined bigint                     NOT NULL CHECK (quarantined >= 0),
    PRIMARY KEY (load_id, file),
    CONSTRAINT every_line_has_one_outcome CHECK (lines = inserted + replaced + duplicates + other + quarantined)
);

COMMENT ON TABLE ops.load_file IS 'One row per object that a load read.';
COMMENT ON COLUMN ops.load_file.load_id IS 'The load: ops.load_run.load_id.';
COMMENT ON COLUMN ops.load_file.file IS 'Number of the object within the load, in order of collector and key, from 1.';
COMMENT ON COLUMN ops.load_file.key IS 'The object''s key in the archive.';
COMMENT ON COLUMN ops.load_file.collector IS 'The collector that wrote it.';
COMMENT ON COLUMN ops.load_file.sha256 IS 'Digest of the compressed object, verified while it was read.';
COMMENT ON COLUMN ops.load_file.bytes IS 'Size of its record lines, unpacked.';
COMMENT ON COLUMN ops.load_file.lines IS 'Its record lines, equal to the manifest''s count.';
COMMENT ON COLUMN ops.load_file.inserted IS 'Lines that report a sale which core.sale did not have.';
COMMENT ON COLUMN ops.load_file.replaced IS 'Lines whose sale replaced the row of core.sale.';
COMMENT ON COLUMN ops.load_file.duplicates IS 'Lines that report a sale which another line or load had reported.';
COMMENT ON COLUMN ops.load_file.conflicting IS
    'Those of the duplicates that report other values than the row of core.sale: ops.sale_difference.';
COMMENT ON COLUMN ops.load_file.other IS 'Lines of other event types.';
COMMENT ON COLUMN ops.load_file.quarantined IS 'Lines that could not be read: ops.reject.';
COMMENT ON CONSTRAINT every_line_has_one_outcome ON ops.load_file IS
    'A load whose sums do not balance cannot be committed.';

CREATE TABLE ops.quarantine (
    source_hour timestamptz      NOT NULL,
    key         text COLLATE "C" NOT NULL,
    line        bigint           NOT NULL CHECK (line > 0),
    collector   text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL,
    raw         text COLLATE "C" NOT NULL,
    raw_bytes   integer          NOT NULL,
    PRIMARY KEY (source_hour, key, line)
);

COMMENT ON TABLE ops.quarantine IS
    'One row per record line that could not be read as any event; of the same event type and reason, the first '
    'hundred of an object. ops.reject counts all of them.';
COMMENT ON COLUMN ops.quarantine.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.quarantine.key IS 'The object that holds the line.';
COMMENT ON COLUMN ops.quarantine.line IS 'The line''s number in it, from 1.';
COMMENT ON COLUMN ops.quarantine.collector IS 'The collector that received it.';
COMMENT ON COLUMN ops.quarantine.reason IS 'Why it could not be read.';
COMMENT ON COLUMN ops.quarantine.raw IS
    'The line, its first 16 KiB; NUL characters and bytes that are not UTF-8 are shown as replacement characters.';
COMMENT ON COLUMN ops.quarantine.raw_bytes IS 'The line''s whole size in bytes.';

CREATE TABLE ops.sale_conflict (
    sale_uid     uuid             NOT NULL,
    reported     jsonb            NOT NULL,
    payload_hash text COLLATE "C" NOT NULL,
    source       text COLLATE "C" NOT NULL,
    sent_at      timestamptz,
    received_at  timestamptz      NOT NULL,
    collector    text COLLATE "C" NOT NULL,
    source_hour  timestamptz      NOT NULL,
    PRIMARY KEY (sale_uid, payload_hash)
);

COMMENT ON TABLE ops.sale_conflict IS
    'One row per sale and version of it that another observation reported and that differs in any way from the row in'
    ' core.sale.';
COMMENT ON COLUMN ops.sale_conflict.sale_uid IS 'The sale: core.sale.sale_uid.';
COMMENT ON COLUMN ops.sale_conflict.reported IS
    'All values that the other observation reported of the sale, named as the columns of core.sale.';
COMMENT ON COLUMN ops.sale_conflict.payload_hash IS 'MD5 of reported; the same version is kept once.';
COMMENT ON COLUMN ops.sale_conflict.source IS
    'Source of the observation of the highest precedence that reported it: stream or events_api.';
COMMENT ON COLUMN ops.sale_conflict.sent_at IS 'When the message of that observation was sent.';
COMMENT ON COLUMN ops.sale_conflict.received_at IS 'When it was received.';
COMMENT ON COLUMN ops.sale_conflict.collector IS 'Which collector received it.';
COMMENT ON COLUMN ops.sale_conflict.source_hour IS 'The hour of the archive that holds it.';

-- A load that is repeated looks up what its hour reported before.
CREATE INDEX sale_conflict_hour ON ops.sale_conflict (source_hour);

CREATE TYPE ops.precedence AS (
    not_streamed boolean,
    sent_at      timestamptz,
    received_at  timestamptz,
    collector    text COLLATE "C",
    source_hour  timestamptz
);

COMMENT ON TYPE ops.precedence IS
    'The total order of the observations of one sale: core.sale holds the lowest value, which has the highest '
    'precedence.';

CREATE FUNCTION ops.precedence(source text, sent_at timestamptz, received_at timestamptz, collector text, source_hour timestamptz)
RETURNS ops.precedence
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(source <> 'stream', coalesce(sent_at, 'infinity'), received_at, collector, source_hour)::ops.precedence;

COMMENT ON FUNCTION ops.precedence IS
    'Where an observation stands in the total order: the stream before the Events API, then by the time of sending, '
    'the time of receiving and the collector.';

CREATE FUNCTION ops.reported_values(sale jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sale - ARRAY[
    'sale_uid', 'sent_at', 'received_at', 'is_replayed', 'source', 'source_hour', 'loaded_at', 'first_collector', 'first_load_id',
    'observation', 'file', 'collector', 'is_vague', 'payload_hash', 'fill', 'same_as',
    'marketplace_fee_raw', 'royalty_raw', 'other_fee_raw'
];

COMMENT ON FUNCTION ops.reported_values IS
    'What an observation reports of the sale itself: a row without who reported it, when, and how it was loaded.';

-- PostgreSQL lets everybody call a new function.
REVOKE ALL ON FUNCTION ops.precedence, ops.reported_values FROM PUBLIC;

CREATE VIEW ops.sale_difference AS
SELECT conflict.sale_uid, held.key COLLATE "C" AS field, held.value COLLATE "C" AS current,
    (conflict.reported ->> held.key) COLLATE "C" AS reported,
    conflict.source, conflict.collector, conflict.source_hour
FROM ops.sale_conflict AS conflict
JOIN core.sale USING (sale_uid),
    jsonb_each_text(ops.reported_values(to_jsonb(sale))) AS held
WHERE conflict.reported ->> held.key <> held.value;

COMMENT ON VIEW ops.sale_difference IS
    'One row per sale, other version of it, and field in which both have a value and the values differ.';
COMMENT ON COLUMN ops.sale_difference.sale_uid IS 'The sale: core.sale.sale_uid.';
COMMENT ON COLUMN ops.sale_difference.field IS 'The column of core.sale.';
COMMENT ON COLUMN ops.sale_difference.current IS 'The value in core.sale.';
COMMENT ON COLUMN ops.sale_difference.reported IS 'The value of the other observation.';
COMMENT ON COLUMN ops.sale_difference.source IS 'Source of the other observation: stream or events_api.';
COMMENT ON COLUMN ops.sale_difference.collector IS 'Which collector received it.';
COMMENT ON COLUMN ops.sale_difference.source_hour IS 'The hour of the archive that holds it.';

CREATE TABLE ops.coverage (
    source_hour timestamptz      NOT NULL,
    collector   text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    from_at     timestamptz      NOT NULL,
    to_at       timestamptz      NOT NULL,
    PRIMARY KEY (source_hour, collector, topic, from_at),
    CHECK (from_at < to_at)
);

COMMENT ON TABLE ops.coverage IS
    'One row per interval of an hour in which a collector''s subscription to a topic was proven alive, [from_at, '
    'to_at).';
COMMENT ON COLUMN ops.coverage.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.coverage.collector IS 'The collector.';
COMMENT ON COLUMN ops.coverage.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN ops.coverage.from_at IS 'Start of the interval, UTC.';
COMMENT ON COLUMN ops.coverage.to_at IS 'End of the interval, UTC, not included.';

CREATE TABLE ops.topic_count (
    source_hour timestamptz      NOT NULL,
    collector   text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    minutes     smallint[]       NOT NULL,
    messages    integer[]        NOT NULL,
    sales       integer[]        NOT NULL,
    PRIMARY KEY (source_hour, collector, topic)
);

COMMENT ON TABLE ops.topic_count IS
    'One row per hour, collector and topic that brought messages: how many in each minute of receiving. The arrays are '
    'columns of the same length; unnest(minutes, messages, sales) makes rows of them.';
COMMENT ON COLUMN ops.topic_count.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.topic_count.collector IS 'The collector.';
COMMENT ON COLUMN ops.topic_count.topic IS 'The topic; other for messages of no topic that the collector recorded.';
COMMENT ON COLUMN ops.topic_count.minutes IS 'The minutes of the hour that had messages, 0 to 59.';
COMMENT ON COLUMN ops.topic_count.messages IS 'Messages of all types in each of these minutes.';
COMMENT ON COLUMN ops.topic_count.sales IS 'The sales among them.';

CREATE TABLE ops.silence (
    compared_from timestamptz      NOT NULL,
    collector     text COLLATE "C" NOT NULL,
    topic         text COLLATE "C" NOT NULL,
    from_at       timestamptz      NOT NULL,
    to_at         timestamptz      NOT NULL,
    PRIMARY KEY (compared_from, collector, topic, from_at),
    CHECK (from_at < to_at)
);

COMMENT ON TABLE ops.silence IS
    'One row per window in which a collector received nothing of a topic while others received at least four sales in '
    'a row, [from_at, to_at). What of it the collector claims to have covered is a gap with the reason silent.';
COMMENT ON COLUMN ops.silence.compared_from IS
    'Start of the comparison that found it: an hour, or ten minutes before the boundary of two hours that are compared '
    'together.';
COMMENT ON COLUMN ops.silence.collector IS 'The collector that was silent.';
COMMENT ON COLUMN ops.silence.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN ops.silence.from_at IS 'Start of the window, UTC.';
COMMENT ON COLUMN ops.silence.to_at IS 'End of the window, UTC, not included.';

CREATE TABLE ops.gap (
    source_hour timestamptz      NOT NULL,
    collector   text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    from_at     timestamptz      NOT NULL,
    to_at       timestamptz      NOT NULL,
    reason      text COLLATE "C" NOT NULL,
    repaired_by text COLLATE "C",
    recovered   bigint           CHECK (recovered >= 0),
    set_aside   bigint           CHECK (set_aside >= 0),
    PRIMARY KEY (source_hour, collector, topic, from_at),
    CHECK (from_at < to_at)
);

COMMENT ON TABLE ops.gap IS
    'One row per interval of an hour in which a collector was not covered for a topic, [from_at, to_at).';
COMMENT ON COLUMN ops.gap.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.gap.collector IS 'The collector.';
COMMENT ON COLUMN ops.gap.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN ops.gap.from_at IS 'Start of the interval, UTC.';
COMMENT ON COLUMN ops.gap.to_at IS 'End of the interval, UTC, not included.';
COMMENT ON COLUMN ops.gap.reason IS
    'Why it was not covered, such as connection_lost, process_died, not_running or disk_full; no_manifest where an '
    'expected collector has no manifest of the hour, unaccounted where its manifest says neither covered nor why not, '
    'silent where it claims coverage and did not receive sales that other collectors received or the Events API knows.';
COMMENT ON COLUMN ops.gap.repaired_by IS
    'The last of the repair runs that fill, from the Events API, what the other collectors left open of the interval '
    'and of which every event could be loaded; NULL while it is open, and where the other collectors covered all of it.';
COMMENT ON COLUMN ops.gap.recovered IS
    'Sales of the gap''s topic that only the Events API reported and that the stream would have sent in this '
    'interval; each counts for one gap of every collector that missed it. NULL while the gap is not repaired.';
COMMENT ON COLUMN ops.gap.set_aside IS
    'Events that the last run fetched for it from the Events API and that could not be read as a sale (ops.quarantine); '
    'NULL where the gap is repaired or was not asked for.';

CREATE TABLE ops.audit_draw (
    collector         text COLLATE "C" NOT NULL,
    source_hour       timestamptz      NOT NULL,
    topic             text COLLATE "C" NOT NULL,
    from_at           timestamptz      NOT NULL,
    to_at             timestamptz      NOT NULL,
    seed              bigint           NOT NULL,
    hours_due         integer          NOT NULL CHECK (hours_due > 0),
    budget            integer          NOT NULL CHECK (budget > 0),
    expected_requests integer          NOT NULL CHECK (expected_requests > 0),
    drawn_at          timestamptz      NOT NULL,
    PRIMARY KEY (collector, source_hour, topic, from_at),
    CHECK (from_at < to_at)
);

COMMENT ON TABLE ops.audit_draw IS
    'One row per window that an audit chose to ask the Events API for, written before it asked, in the order of '
    'source_hour and topic. Where the budget was too small for all, the choice was random, by the seed.';
COMMENT ON COLUMN ops.audit_draw.collector IS 'The audit: the collector under which its answers are archived.';
COMMENT ON COLUMN ops.audit_draw.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.audit_draw.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN ops.audit_draw.from_at IS 'Start of the window, UTC.';
COMMENT ON COLUMN ops.audit_draw.to_at IS 'End of the window, UTC, not included.';
COMMENT ON COLUMN ops.audit_draw.seed IS 'Seed of the choice: the same seed, hours and budget choose the same windows.';
COMMENT ON COLUMN ops.audit_draw.hours_due IS 'How many settled hours were not audited yet.';
COMMENT ON COLUMN ops.audit_draw.budget IS 'Requests that the audit was allowed to make.';
COMMENT ON COLUMN ops.audit_draw.expected_requests IS 'Requests that this window was expected to take.';
COMMENT ON COLUMN ops.audit_draw.drawn_at IS 'When it was chosen.';

CREATE TABLE ops.audit (
    source_hour      timestamptz      NOT NULL,
    topic            text COLLATE "C" NOT NULL,
    audited_s        numeric          NOT NULL,
    api_sales        bigint           NOT NULL,
    covered          bigint           NOT NULL,
    unseen           bigint           NOT NULL,
    unseen_uncovered bigint           NOT NULL,
    stream_only      bigint           NOT NULL,
    PRIMARY KEY (source_hour, topic),
    CHECK (unseen <= covered AND covered + unseen_uncovered <= api_sales)
);

COMMENT ON TABLE ops.audit IS
    'One row per hour and topic that an audit asked the Events API about: what the API knows beside what the '
    'collectors received. A sale belongs to the hour of its event; mart.hour_quality has the sums.';
COMMENT ON COLUMN ops.audit.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.audit.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN ops.audit.audited_s IS 'Seconds of the hour of which the audits know all sales of the topic.';
COMMENT ON COLUMN ops.audit.api_sales IS 'Sales of those seconds that the Events API knows.';
COMMENT ON COLUMN ops.audit.covered IS
    'Those of them that a collector should have received: it covered the topic from the sale until two minutes after.';
COMMENT ON COLUMN ops.audit.unseen IS 'Those of the covered that no collector received: OpenSea sent them to no client.';
COMMENT ON COLUMN ops.audit.unseen_uncovered IS
    'Sales that no collector received and that none was proven to cover for long enough: they lie in gaps or beside one.';
COMMENT ON COLUMN ops.audit.stream_only IS 'Sales of those seconds that collectors received and the Events API does not know.';

CREATE FUNCTION ops.share_high(events bigint, trials bigint) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    low       double precision := events::double precision / trials;
    high      double precision := 1;
    share     double precision;
    term      double precision;
    tail      double precision;
    ln_choose double precision := 0;
BEGIN
    IF events = trials THEN
        RETURN 1;
    END IF;
    FOR i IN 1 .. least(events, trials - events) LOOP
        ln_choose := ln_choose + ln((trials - i + 1)::double precision / i);
    END LOOP;
    -- the share for which so few events or fewer have a probability of 2.5 %
    FOR step IN 1 .. 60 LOOP
        share := (low + high) / 2;
        EXIT WHEN share <= low OR share >= high;
        -- exp() fails where PostgreSQL's result would underflow
        term := exp(greatest(ln_choose + events * ln(share) + (trials - events) * ln(1 - share), -700));
        tail := term;
        FOR i IN REVERSE events .. 1 LOOP
            term := term * i / (trials - i + 1) * (1 - share) / share;
            tail := tail + term;
            EXIT WHEN term < tail * 1e-12;
        END LOOP;
        IF tail > 0.025 THEN
            low := share;
        ELSE
            high := share;
        END IF;
    END LOOP;
    RETURN high;
END
$$;

COMMENT ON FUNCTION ops.share_high IS
    'Upper end of the exact 95 % interval (Clopper-Pearson) of the share that `events` in `trials` show; the '
    'lower end is 1 - share_high(trials - events, trials).';
REVOKE ALL ON FUNCTION ops.share_high FROM PUBLIC;

CREATE TABLE ops.reject (
    source_hour timestamptz      NOT NULL,
    key         text COLLATE "C" NOT NULL,
    collector   text COLLATE "C" NOT NULL,
    event_type  text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL,
    lines       bigint           NOT NULL CHECK (lines > 0),
    quarantined bigint           NOT NULL CHECK (quarantined BETWEEN 0 AND lines),
    PRIMARY KEY (source_hour, key, event_type, reason)
);

COMMENT ON TABLE ops.reject IS
    'One row per object, event type and reason for which lines of it could not be read: all of them are counted here,'
    ' and the first hundred are in ops.quarantine.';
COMMENT ON COLUMN ops.reject.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.reject.key IS 'The object that holds the lines.';
COMMENT ON COLUMN ops.reject.collector IS 'The collector that received them.';
COMMENT ON COLUMN ops.reject.event_type IS 'The event type that the manifest counts them under.';
COMMENT ON COLUMN ops.reject.reason IS
    'Why they could not be read: the first word of ops.quarantine.reason. `detached`: they were read and not taken, for their '
    'month was detached.';
COMMENT ON COLUMN ops.reject.lines IS 'How many lines.';
COMMENT ON COLUMN ops.reject.quarantined IS
    'How many of them are in ops.quarantine; the archive has all, and a load with --force reads them again.';

CREATE VIEW ops.proven_coverage AS
SELECT coverage.*
FROM ops.coverage
WHERE collector NOT LIKE 'events-api-%' OR NOT EXISTS (
    SELECT
    FROM ops.reject
    WHERE reject.source_hour = coverage.source_hour AND reject.collector = coverage.collector AND reason <> 'detached'
);

COMMENT ON VIEW ops.proven_coverage IS
    'One row per interval of ops.coverage of which everything is loaded: without the runs against the Events API that '
    'fetched events that could not be read.';
COMMENT ON COLUMN ops.proven_coverage.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.proven_coverage.collector IS 'The collector.';
COMMENT ON COLUMN ops.proven_coverage.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN ops.proven_coverage.from_at IS 'Start of the interval, UTC.';
COMMENT ON COLUMN ops.proven_coverage.to_at IS 'End of the interval, UTC, not included.';

-- Rows and not advisory locks: everybody who may connect could take those and stop every load.
CREATE TABLE ops.load_lock (
    name text COLLATE "C" PRIMARY KEY
);

COMMENT ON TABLE ops.load_lock IS
    'One row per thing that one load at a time may work on; a load locks the row until it commits.';
COMMENT ON COLUMN ops.load_lock.name IS
    '`hour 2026-11-22T15`: the load of that hour; `sales 2026-11-22T15`: the sales and the coverage of that hour, which'
    ' loads of other hours can change too; `end`: the last moment of a load.';

CREATE TABLE ops.recent_load (
    place        bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transactions bigint[] NOT NULL,
    seen_before  xid8
);

COMMENT ON TABLE ops.recent_load IS
    'One row per load that ended while others may have been at work: whose sales it decided about. A later load deletes '
    'it.';
COMMENT ON COLUMN ops.recent_load.place IS 'Place in the order of commits, growing.';
COMMENT ON COLUMN ops.recent_load.transactions IS 'Hashes of the transaction hashes of the load''s sales.';
COMMENT ON COLUMN ops.recent_load.seen_before IS
    'The row is not needed when every transaction of the server with a lower number has ended; NULL until a later load'
    ' has seen the row.';

CREATE TABLE ops.detached_transaction (
    bucket smallint NOT NULL,
    month  date     NOT NULL REFERENCES core.detached_month,
    hashes bigint[] NOT NULL,
    PRIMARY KEY (bucket, month)
);
COMMENT ON TABLE ops.detached_transaction IS
    'One row per detached month and twelve bits of a hash: the transactions whose sales are detached. A load takes none of them '
    'again, whatever time a message gives.';
COMMENT ON COLUMN ops.detached_transaction.bucket IS 'The lowest twelve bits of the hashes.';
COMMENT ON COLUMN ops.detached_transaction.month IS 'The month: core.detached_month.month.';
COMMENT ON COLUMN ops.detached_transaction.hashes IS 'hashtextextended(transaction_hash, 0) of each transaction.';
