-- Grain: one row of ops.gap per interval that a collector did not cover: what filled it. Comes after ops.reject is written (8_account.sql).
-- A gap is repaired where runs of the Events API, of which every event could be loaded, cover whatever of it the other collectors left open.
UPDATE ops.gap
SET recovered = NULL, set_aside = NULL, repaired_by = (
    SELECT max(collector) FILTER (WHERE collector LIKE 'events-api-%' AND tstzrange(from_at, to_at) && tstzrange(gap.from_at, gap.to_at))
    FROM ops.proven_coverage
    WHERE source_hour = gap.source_hour AND topic IN (gap.topic, 'collection:*')
    HAVING range_agg(tstzrange(from_at, to_at)) @> tstzrange(gap.from_at, gap.to_at)
)
WHERE source_hour IN (SELECT :hour UNION SELECT source_hour FROM silent_topic);

WITH last_run AS (
    SELECT gap.source_hour, gap.collector, gap.topic, gap.from_at, max(asked.collector) AS run
    FROM ops.gap
    JOIN ops.coverage AS asked
        ON asked.source_hour = gap.source_hour AND asked.topic IN (gap.topic, 'collection:*') AND asked.collector LIKE 'events-api-%'
        AND tstzrange(asked.from_at, asked.to_at) && tstzrange(gap.from_at, gap.to_at)
    WHERE repaired_by IS NULL AND gap.source_hour IN (SELECT :hour UNION SELECT source_hour FROM silent_topic)
    GROUP BY gap.source_hour, gap.collector, gap.topic, gap.from_at
)
UPDATE ops.gap
SET set_aside = (
    SELECT coalesce(sum(lines), 0)
    FROM ops.reject
    WHERE source_hour = gap.source_hour AND reject.collector = run AND reason <> 'detached'
)
FROM last_run
WHERE (gap.source_hour, gap.collector, gap.topic, gap.from_at) = (last_run.source_hour, last_run.collector, last_run.topic, last_run.from_at);

-- Also of other hours, where this load has made or unmade such sales. A sale reaches the stream up to two minutes after it happened (LATENESS in
-- tidemark/loader/repair), so it belongs to the gap in which it happened, else to the next that begins within two minutes; to one of each collector.
WITH repaired AS (
    SELECT source_hour, collector, topic, from_at, to_at
    FROM ops.gap
    WHERE repaired_by IS NOT NULL AND source_hour IN (
        SELECT :hour UNION SELECT source_hour FROM changed UNION SELECT source_hour FROM silent_topic
    )
),
owner AS (
    SELECT DISTINCT ON (sale_uid, collector) source_hour, collector, topic, from_at
    FROM repaired
    JOIN core.sale USING (source_hour)
    WHERE source = 'events_api'
        AND sold_at >= from_at - interval '2 minutes' AND sold_at < to_at
        AND topic IN ('collection:' || collection_slug, 'collection:*')
    ORDER BY sale_uid, collector, sold_at >= from_at DESC, from_at, topic DESC
),
counted AS (
    SELECT source_hour, collector, topic, from_at, count(owner) AS recovered
    FROM repaired
    LEFT JOIN owner USING (source_hour, collector, topic, from_at)
    GROUP BY source_hour, collector, topic, from_at
)
UPDATE ops.gap
SET recovered = counted.recovered
FROM counted
WHERE (gap.source_hour, gap.collector, gap.topic, gap.from_at) = (counted.source_hour, counted.collector, counted.topic, counted.from_at);
