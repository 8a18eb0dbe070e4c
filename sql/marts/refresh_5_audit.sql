-- Grain: one row of ops.audit per hour and topic that an audit asked about, and the audit's columns of mart.hour_quality.

-- Grain: one row per audited hour among those that this load changed, and the one before each: a sale is sent up to two minutes after its event
-- (LATENESS in tidemark/loader/repair/window.py), and so in the next hour.
CREATE TEMP TABLE audit_hour ON COMMIT DROP AS
SELECT DISTINCT source_hour AS hour
FROM ops.coverage
WHERE collector LIKE 'events-api-audit-%'
    AND source_hour IN (SELECT hour FROM quality_hour UNION SELECT hour - interval '1 hour' FROM quality_hour);
ANALYZE audit_hour;

-- Grain: one row per audited hour and topic: when the audits know all of its sales.
CREATE TEMP TABLE audit_window ON COMMIT DROP AS
SELECT hour, topic, range_agg(tstzrange(from_at, to_at)) AS asked
FROM audit_hour
JOIN ops.coverage ON source_hour = hour
WHERE collector LIKE 'events-api-audit-%'
GROUP BY hour, topic;

-- Grain: one row per audited hour and topic: when collectors claim that they covered it, the first minutes of the next hour included.
CREATE TEMP TABLE audit_cover ON COMMIT DROP AS
WITH claim AS (
    SELECT source_hour, topic, tstzrange(from_at, to_at) AS span FROM ops.coverage WHERE collector NOT LIKE 'events-api-%'
    UNION ALL
    SELECT source_hour, topic, tstzrange(from_at, to_at) FROM ops.gap WHERE reason = 'silent'
)
SELECT hour, topic, range_agg(span) AS cover
FROM audit_hour
JOIN claim ON source_hour IN (hour, hour + interval '1 hour')
GROUP BY hour, topic;

-- Grain: one row per audited hour and sale that its audits fetched, under this or another key.
CREATE TEMP TABLE audit_listed ON COMMIT DROP AS
SELECT DISTINCT hour, coalesce(same_as, fetched.sale_uid) AS sale_uid
FROM audit_hour
CROSS JOIN LATERAL (
    SELECT sale_uid FROM core.sale_sighting WHERE source_hour = hour AND collector LIKE 'events-api-audit-%' OFFSET 0
) AS fetched
LEFT JOIN core.sale_superseded AS other USING (sale_uid);
ANALYZE audit_listed;

-- Grain: one row per audited hour and sale of an audited window: whether the API knows it, which collectors received it then, and whether one
-- should have.
CREATE TEMP TABLE audit_sale ON COMMIT DROP AS
WITH candidate AS (
    SELECT hour, sale_uid, coalesce(event_at, sold_at) AS at, collection_slug, true AS known
    FROM audit_listed
    JOIN core.sale USING (sale_uid)
    UNION ALL
    SELECT hour, sale_uid, coalesce(event_at, sold_at), collection_slug, false
    FROM audit_hour
    CROSS JOIN LATERAL (
        SELECT sale_uid, event_at, sold_at, collection_slug
        FROM core.sale
        WHERE source_hour BETWEEN hour - interval '1 hour' AND hour + interval '1 hour' AND source = 'stream' AND NOT is_replayed
        OFFSET 0
    ) AS streamed
    WHERE NOT EXISTS (
        SELECT FROM audit_listed WHERE audit_listed.hour = audit_hour.hour AND audit_listed.sale_uid = streamed.sale_uid
    )
),
audited AS (
    SELECT DISTINCT ON (hour, sale_uid) hour, topic, sale_uid, at, collection_slug, known
    FROM candidate
    JOIN audit_window USING (hour)
    WHERE asked @> at AND topic IN ('collection:' || collection_slug, 'collection:*')
    ORDER BY hour, sale_uid, topic
)
SELECT
    hour, topic, sale_uid, known,
    ARRAY(
        SELECT DISTINCT collector
        FROM core.sale_sighting AS sighting
        WHERE sighting.sale_uid = audited.sale_uid AND collector NOT LIKE 'events-api-%'
            AND source_hour BETWEEN hour - interval '1 hour' AND hour + interval '1 hour'
        ORDER BY collector
    ) AS collectors,
    EXISTS (
        SELECT
        FROM audit_cover AS claimed
        WHERE claimed.hour = audited.hour AND claimed.topic IN ('collection:' || collection_slug, 'collection:*')
            AND cover @> tstzrange(at, at + interval '2 minutes')
    ) AS covered
FROM audited;

DELETE FROM ops.audit WHERE source_hour IN (SELECT hour FROM quality_hour UNION ALL SELECT hour FROM audit_hour);
INSERT INTO ops.audit (source_hour, topic, audited_s, api_sales, covered, unseen, unseen_uncovered, stream_only)
SELECT
    hour, topic, (SELECT sum(extract(epoch FROM upper(span) - lower(span))) FROM unnest(asked) AS span),
    count(*) FILTER (WHERE known),
    count(*) FILTER (WHERE known AND covered),
    count(*) FILTER (WHERE known AND covered AND collectors = '{}'),
    count(*) FILTER (WHERE known AND NOT covered AND collectors = '{}'),
    count(*) FILTER (WHERE NOT known)
FROM audit_window
LEFT JOIN audit_sale USING (hour, topic)
GROUP BY hour, topic, asked;

WITH recorded AS (
    SELECT source_hour AS hour, topic FROM ops.coverage WHERE collector NOT LIKE 'events-api-%'
    UNION
    SELECT source_hour, topic FROM ops.gap
),
-- who records the whole market is asked about the whole market
topics AS (
    SELECT hour, CASE WHEN bool_or(topic = 'collection:*') THEN 1 ELSE count(*) END AS topics
    FROM audit_hour
    JOIN recorded USING (hour)
    GROUP BY hour
),
summed AS (
    SELECT
        source_hour AS hour, sum(audited_s) AS audited_s, sum(api_sales) AS api_sales, sum(covered) AS covered, sum(unseen) AS unseen,
        sum(unseen_uncovered) AS unseen_uncovered, sum(stream_only) AS stream_only
    FROM ops.audit
    JOIN audit_hour ON hour = source_hour
    GROUP BY source_hour
),
seen_by AS (
    SELECT hour, array_to_string(collectors, '+') AS names, count(*) AS sales
    FROM audit_sale
    WHERE known AND collectors <> '{}'
    GROUP BY hour, collectors
),
seen AS (
    SELECT hour, jsonb_object_agg(names, sales) AS seen_by FROM seen_by GROUP BY hour
)
UPDATE mart.hour_quality AS quality
SET
    audited_share = round(least(audited_s / (3600 * topics), 1), 4),
    api_sales = summed.api_sales,
    api_seen_by = coalesce(seen.seen_by, '{}'),
    api_covered = covered,
    api_unseen = unseen,
    api_unseen_uncovered = unseen_uncovered,
    api_set_aside = (
        SELECT coalesce(sum(lines), 0)
        FROM ops.reject
        WHERE source_hour = summed.hour AND collector LIKE 'events-api-audit-%' AND reason <> 'detached'
    ),
    stream_only = summed.stream_only,
    loss = round(unseen / nullif(covered, 0), 6),
    loss_low = CASE WHEN covered > 0 THEN round((1 - ops.share_high((covered - unseen)::bigint, covered::bigint))::numeric, 6) END,
    loss_high = CASE WHEN covered > 0 THEN round(ops.share_high(unseen::bigint, covered::bigint)::numeric, 6) END
FROM summed
JOIN topics USING (hour)
LEFT JOIN seen USING (hour)
WHERE quality.hour = summed.hour;
