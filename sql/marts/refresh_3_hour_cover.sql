-- Grain: one row per archive hour that the load changed, the loaded hour always among them.
CREATE TEMP TABLE quality_hour ON COMMIT DROP AS
SELECT CAST(:hour AS timestamptz) AS hour
UNION
SELECT source_hour FROM changed
UNION
SELECT source_hour FROM silent_topic;
ANALYZE quality_hour;

-- Grain: one row per hour, collector and topic that it was to record: when it covered it.
CREATE TEMP TABLE topic_cover ON COMMIT DROP AS
WITH topic AS (
    SELECT source_hour AS hour, collector, topic, tstzrange(from_at, to_at) AS span FROM ops.coverage
    UNION ALL
    SELECT source_hour, collector, topic, 'empty' FROM ops.gap WHERE reason <> 'no_manifest'
)
SELECT hour, collector, topic, range_agg(span) AS cover
FROM topic
JOIN quality_hour USING (hour)
WHERE collector NOT LIKE 'events-api-%'
GROUP BY hour, collector, topic;
ANALYZE topic_cover;

-- Grain: one row per hour and collector: when it covered every topic it was to record.
CREATE TEMP TABLE collector_cover ON COMMIT DROP AS
SELECT hour, collector, range_intersect_agg(cover) AS cover
FROM topic_cover
GROUP BY hour, collector;

-- Grain: one row per hour: when every topic was covered by at least one and at least two collectors, when only with repair, and what each missed.
CREATE TEMP TABLE hour_cover ON COMMIT DROP AS
WITH topic AS (
    SELECT source_hour AS hour, topic
    FROM ops.coverage
    WHERE source_hour IN (SELECT hour FROM quality_hour) AND collector NOT LIKE 'events-api-%'
    UNION
    SELECT source_hour, topic
    FROM ops.gap
    WHERE source_hour IN (SELECT hour FROM quality_hour)
),
-- who covers the whole market covers each of its collections
covered AS (
    SELECT topic.hour, topic.topic, collector, range_agg(tstzrange(from_at, to_at)) AS cover
    FROM topic
    JOIN ops.proven_coverage AS coverage ON source_hour = topic.hour AND coverage.topic IN (topic.topic, 'collection:*')
    GROUP BY topic.hour, topic.topic, collector
),
once AS (
    SELECT hour, topic, range_agg(span) FILTER (WHERE collector NOT LIKE 'events-api-%') AS cover, range_agg(span) AS known
    FROM covered, unnest(cover) AS span
    GROUP BY hour, topic
),
twice AS (
    SELECT hour, topic, range_agg(span) AS cover
    FROM covered AS one
    JOIN covered AS other USING (hour, topic),
        unnest(one.cover * other.cover) AS span
    WHERE other.collector > one.collector AND one.collector NOT LIKE 'events-api-%' AND other.collector NOT LIKE 'events-api-%'
    GROUP BY hour, topic
),
-- what holds for every topic holds for the hour: two collectors that cover one topic each cover both
cover AS (
    SELECT
        hour,
        range_intersect_agg(coalesce(once.cover, '{}')) AS once,
        range_intersect_agg(coalesce(twice.cover, '{}')) AS twice,
        range_intersect_agg(coalesce(once.known, '{}')) AS known
    FROM topic
    LEFT JOIN once USING (hour, topic)
    LEFT JOIN twice USING (hour, topic)
    GROUP BY hour
),
topic_gap AS (
    SELECT source_hour AS hour, collector, topic, reason, sum(extract(epoch FROM to_at - from_at)) AS seconds
    FROM ops.gap
    WHERE source_hour IN (SELECT hour FROM quality_hour)
    GROUP BY source_hour, collector, topic, reason
),
reason_gap AS (
    SELECT hour, collector, reason, max(seconds) AS seconds
    FROM topic_gap
    GROUP BY hour, collector, reason
),
collector_gap AS (
    SELECT hour, collector, jsonb_object_agg(reason, seconds) AS reasons
    FROM reason_gap
    GROUP BY hour, collector
),
gap AS (
    SELECT hour, jsonb_object_agg(collector, reasons) AS gaps
    FROM collector_gap
    GROUP BY hour
)
SELECT
    hour,
    ARRAY(SELECT collector FROM collector_cover WHERE collector_cover.hour = quality_hour.hour ORDER BY collector) AS collectors,
    coalesce(cover.once, '{}') AS once,
    coalesce(cover.twice, '{}') AS twice,
    coalesce(cover.known - cover.once, '{}') AS repaired,
    coalesce(gap.gaps, '{}') AS gaps
FROM quality_hour
LEFT JOIN cover USING (hour)
LEFT JOIN gap USING (hour);
