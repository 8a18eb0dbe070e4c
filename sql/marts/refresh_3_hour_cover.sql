-- Grain: one row per archive hour that the load touched, the loaded hour always among them.
CREATE TEMP TABLE quality_hour ON COMMIT DROP AS
SELECT CAST(:hour AS timestamptz) AS hour
UNION
SELECT source_hour FROM touched;
ANALYZE quality_hour;

-- Grain: one row per hour and collector: when it covered every topic it was to record.
CREATE TEMP TABLE collector_cover ON COMMIT DROP AS
WITH topic AS (
    SELECT source_hour AS hour, collector, topic, tstzrange(from_at, to_at) AS span FROM ops.coverage
    UNION ALL
    SELECT source_hour, collector, topic, 'empty' FROM ops.gap WHERE reason <> 'no_manifest'
),
topic_cover AS (
    SELECT hour, collector, topic, range_agg(span) AS cover
    FROM topic
    JOIN quality_hour USING (hour)
    WHERE collector NOT LIKE 'events-api-%'
    GROUP BY hour, collector, topic
)
SELECT hour, collector, range_intersect_agg(cover) AS cover
FROM topic_cover
GROUP BY hour, collector;

-- Grain: one row per hour: when at least one and at least two collectors covered it, when repair alone did, and what each missed.
CREATE TEMP TABLE hour_cover ON COMMIT DROP AS
WITH once AS (
    SELECT hour, range_agg(span) AS cover
    FROM collector_cover, unnest(cover) AS span
    GROUP BY hour
),
twice AS (
    SELECT one.hour, range_agg(span) AS cover
    FROM collector_cover AS one
    JOIN collector_cover AS other ON other.hour = one.hour AND other.collector > one.collector,
        unnest(one.cover * other.cover) AS span
    GROUP BY one.hour
),
repair AS (
    SELECT source_hour AS hour, range_agg(tstzrange(from_at, to_at)) AS cover
    FROM ops.coverage
    WHERE source_hour IN (SELECT hour FROM quality_hour) AND collector LIKE 'events-api-%'
    GROUP BY source_hour
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
    coalesce(once.cover, '{}') AS once,
    coalesce(twice.cover, '{}') AS twice,
    coalesce(repair.cover, '{}') - coalesce(once.cover, '{}') AS repaired,
    coalesce(gap.gaps, '{}') AS gaps
FROM quality_hour
LEFT JOIN once USING (hour)
LEFT JOIN twice USING (hour)
LEFT JOIN repair USING (hour)
LEFT JOIN gap USING (hour);
