-- Grain: one row per interval of this hour that a collector covered, or did not; and per topic that brought it messages.
DELETE FROM ops.coverage WHERE source_hour = :hour AND collector = ANY (:collectors);
DELETE FROM ops.gap WHERE source_hour = :hour AND (collector = ANY (:collectors) OR reason IN ('no_manifest', 'unaccounted'));
DELETE FROM ops.topic_count WHERE source_hour = :hour AND collector = ANY (:collectors);

INSERT INTO ops.coverage (source_hour, collector, topic, from_at, to_at)
SELECT :hour, collector, topic, lower(span), upper(span)
FROM (
    SELECT collector, topic, unnest(range_agg(tstzrange(from_at, to_at))) AS span
    FROM jsonb_to_recordset(:covered) AS interval (collector text, topic text, from_at timestamptz, to_at timestamptz)
    GROUP BY collector, topic
) AS covered;

INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
SELECT :hour, collector, topic, from_at, to_at, reason
FROM jsonb_to_recordset(:gaps) AS interval (collector text, topic text, from_at timestamptz, to_at timestamptz, reason text);

INSERT INTO ops.topic_count (source_hour, collector, topic, minutes, messages, sales)
SELECT :hour, collector, topic, minutes, messages, sales
FROM jsonb_to_recordset(:topic_counts) AS counts (collector text, topic text, minutes smallint[], messages integer[], sales integer[]);

-- What neither coverage nor a gap accounts for is a gap, on every topic that a collector was to record: those it names. One that names none, as
-- one without a manifest, was to record what the others did, or what this loader expects.
INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
WITH claim AS (
    SELECT collector, topic, tstzrange(from_at, to_at) AS span FROM ops.coverage WHERE source_hour = :hour
    UNION ALL
    SELECT collector, topic, tstzrange(from_at, to_at) FROM ops.gap WHERE source_hour = :hour
    UNION ALL
    SELECT collector, topic, 'empty' FROM ops.topic_count WHERE source_hour = :hour AND topic <> 'other'
),
named AS (
    SELECT collector, topic, range_agg(span) AS accounted
    FROM claim
    WHERE collector NOT LIKE 'events-api-%'
    GROUP BY collector, topic
),
loaded AS (
    SELECT unnest(collectors) AS collector FROM ops.load_run WHERE source_hour = :hour
    UNION
    SELECT unnest(CAST(:collectors AS text[]))
),
usual AS (
    SELECT topic FROM named
    UNION
    SELECT topic FROM unnest(CAST(:topics AS text[])) AS topic WHERE NOT EXISTS (SELECT FROM named)
),
nameless AS (
    SELECT collector FROM loaded WHERE collector NOT LIKE 'events-api-%'
    UNION
    SELECT unnest(CAST(:missing AS text[]))
    EXCEPT
    SELECT collector FROM named
),
wanted AS (
    SELECT collector, topic, accounted FROM named
    UNION ALL
    SELECT collector, topic, '{}' FROM nameless CROSS JOIN usual
),
rest AS (
    SELECT collector, topic, unnest(tstzmultirange(tstzrange(:hour, CAST(:hour AS timestamptz) + interval '1 hour')) - accounted) AS span
    FROM wanted
)
SELECT
    :hour, collector, topic, lower(span), upper(span),
    CASE WHEN collector IN (SELECT loaded.collector FROM loaded) THEN 'unaccounted' ELSE 'no_manifest' END
FROM rest;
