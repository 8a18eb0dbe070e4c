-- Grain: one row per loaded archive hour, collector and topic of which coverage and gaps together leave a part out.
-- Wrong: Nothing says whether these seconds were covered, so no repair is asked for them.
-- Next: Load the hour again with --force: what its manifest does not account for becomes a gap.
WITH span AS (
    SELECT source_hour, collector, topic, tstzrange(from_at, to_at) AS span FROM ops.coverage
    UNION ALL
    SELECT source_hour, collector, topic, tstzrange(from_at, to_at) FROM ops.gap
    UNION ALL
    SELECT source_hour, collector, topic, 'empty' FROM ops.topic_count WHERE topic <> 'other'
),
named AS (
    SELECT source_hour, collector, topic, range_agg(span) AS accounted
    FROM span
    WHERE collector NOT LIKE 'events-api-%' AND (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    GROUP BY source_hour, collector, topic
),
nameless AS (
    SELECT source_hour, collector
    FROM ops.load_run, unnest(collectors) AS collector
    WHERE collector NOT LIKE 'events-api-%' AND (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    EXCEPT
    SELECT source_hour, collector FROM named
),
left_out AS (
    SELECT source_hour, collector, topic, tstzmultirange(tstzrange(source_hour, source_hour + interval '1 hour')) - accounted AS spans
    FROM named
    UNION ALL
    SELECT source_hour, collector, NULL, tstzmultirange(tstzrange(source_hour, source_hour + interval '1 hour'))
    FROM nameless
)
SELECT source_hour, collector, topic, (SELECT sum(extract(epoch FROM upper(span) - lower(span))) FROM unnest(spans) AS span) AS seconds
FROM left_out
WHERE NOT isempty(spans)
