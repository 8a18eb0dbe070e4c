-- Grain: one row per stretch that a collector covered, or did not, in this hour.
DELETE FROM ops.coverage WHERE source_hour = :hour AND collector = ANY (:collectors);
DELETE FROM ops.gap WHERE source_hour = :hour AND (collector = ANY (:collectors) OR reason = 'no_manifest');

INSERT INTO ops.coverage (source_hour, collector, topic, from_at, to_at)
SELECT :hour, collector, topic, from_at, to_at
FROM jsonb_to_recordset(:covered) AS stretch (collector text, topic text, from_at timestamptz, to_at timestamptz);

INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
SELECT :hour, collector, topic, from_at, to_at, reason
FROM jsonb_to_recordset(:gaps) AS stretch (collector text, topic text, from_at timestamptz, to_at timestamptz, reason text);

-- What an expected collector recorded whose manifest was not loaded, nobody knows: all of it is a gap, on the topics of those that have reported,
-- else on those expected.
INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
WITH reported AS (
    SELECT collector, topic FROM ops.coverage WHERE source_hour = :hour AND collector NOT LIKE 'events-api-%'
    UNION
    SELECT collector, topic FROM ops.gap WHERE source_hour = :hour
),
wanted AS (
    SELECT topic FROM reported
    UNION
    SELECT topic FROM unnest(CAST(:topics AS text[])) AS topic WHERE NOT EXISTS (SELECT FROM reported)
)
SELECT :hour, collector, topic, :hour, CAST(:hour AS timestamptz) + interval '1 hour', 'no_manifest'
FROM unnest(CAST(:missing AS text[])) AS collector, wanted
WHERE collector NOT IN (SELECT reported.collector FROM reported);

-- A gap is repaired where runs of the Events API cover whatever of it the other collectors left open.
UPDATE ops.gap
SET repaired_by = (
    SELECT max(collector) FILTER (WHERE collector LIKE 'events-api-%' AND tstzrange(from_at, to_at) && tstzrange(gap.from_at, gap.to_at))
    FROM ops.coverage
    WHERE source_hour = :hour AND topic IN (gap.topic, 'collection:*')
    HAVING range_agg(tstzrange(from_at, to_at)) @> tstzrange(gap.from_at, gap.to_at)
)
WHERE source_hour = :hour;

-- Also of other hours, where this load has made or unmade such sales.
-- A sale reaches the stream up to two minutes after it happened (LATENESS in loader/repair/stretch.py).
UPDATE ops.gap
SET recovered = (
    SELECT count(*)
    FROM core.sale
    WHERE source = 'events_api' AND sale.source_hour = gap.source_hour
        AND sold_at >= gap.from_at - interval '2 minutes' AND sold_at < gap.to_at
        AND gap.topic IN ('collection:' || collection_slug, 'collection:*')
)
WHERE repaired_by IS NOT NULL AND source_hour IN (SELECT :hour UNION SELECT source_hour FROM changed);
