-- Grain: one row per window in which a collector claimed a topic and was silent while others received sales of it.
-- docs/coverage.md ("Silence") has the rule. It is a function of the hours that are loaded, in whatever order: every comparison below that an hour is
-- part of is made again by each load of that hour, and what it found before is forgotten.

-- Grain: one row per comparison: of an hour by itself, and of the twenty minutes around its start and its end. Within two minutes of an hour's
-- boundary a collector may have received a sale in the other hour, so the hour alone does not judge them.
CREATE TEMP TABLE comparison ON COMMIT DROP AS
WITH changed_hour AS (
    SELECT CAST(:hour AS timestamptz) AS hour
    UNION
    SELECT source_hour FROM changed
)
SELECT DISTINCT range.*
FROM changed_hour
CROSS JOIN LATERAL (
    VALUES
        (hour, hour + interval '60 min', hour + interval '2 min', hour + interval '58 min', ARRAY[hour]),
        (hour - interval '10 min', hour + interval '10 min', hour - interval '10 min', hour + interval '10 min', ARRAY[hour - interval '1 h', hour]),
        (hour + interval '50 min', hour + interval '70 min', hour + interval '50 min', hour + interval '70 min', ARRAY[hour, hour + interval '1 h'])
) AS range (start_at, end_at, judged_from, judged_to, hours);

-- Grain: one row per comparison, collector and topic that it recorded in each of the hours: when it claims to have covered it.
CREATE TEMP TABLE claim ON COMMIT DROP AS
WITH recorded AS (
    SELECT source_hour, collector, topic, tstzrange(from_at, to_at) AS span FROM ops.coverage
    UNION ALL
    SELECT source_hour, collector, topic, CASE reason WHEN 'silent' THEN tstzrange(from_at, to_at) ELSE 'empty' END
    FROM ops.gap
    WHERE reason <> 'no_manifest'
)
SELECT start_at, collector, topic, range_agg(span) AS span
FROM comparison
JOIN recorded ON source_hour = ANY (hours)
WHERE collector NOT LIKE 'events-api-%'
GROUP BY start_at, hours, collector, topic
HAVING count(DISTINCT source_hour) = cardinality(hours);
ANALYZE claim;

-- Grain: one row per claim that others can contradict, and topic by which: its own, or a collection that another collector recorded where this one
-- recorded the whole market. Only topics that both recorded count.
CREATE TEMP TABLE contested ON COMMIT DROP AS
SELECT own.*, own.topic AS common
FROM claim AS own
WHERE EXISTS (
    SELECT FROM claim AS other
    WHERE other.start_at = own.start_at AND other.topic = own.topic AND other.collector <> own.collector
) OR EXISTS (
    SELECT FROM claim AS other
    WHERE other.start_at = own.start_at AND other.topic = 'collection:*' AND other.collector <> own.collector
)
UNION
SELECT own.*, other.topic
FROM claim AS own
JOIN claim AS other USING (start_at)
WHERE own.topic = 'collection:*' AND other.topic <> 'collection:*' AND other.collector <> own.collector;
ANALYZE contested;

-- Grain: one row per sale of the hours that are compared; replayed ones say nothing of then.
CREATE TEMP TABLE compared_sale ON COMMIT DROP AS
SELECT hour AS source_hour, sale.*
FROM (SELECT DISTINCT unnest(hours) AS hour FROM comparison WHERE start_at IN (SELECT start_at FROM contested)) AS compared
-- OFFSET 0 keeps the planner from reading the whole table once instead of each hour by its key
CROSS JOIN LATERAL (
    SELECT sale_uid, 'collection:' || collection_slug AS topic
    FROM core.sale
    WHERE source_hour = hour AND NOT is_replayed
    OFFSET 0
) AS sale;
ANALYZE compared_sale (sale_uid);

-- Grain: one row per comparison and sale: when the first collector received it, and which did.
CREATE TEMP TABLE received_sale ON COMMIT DROP AS
WITH observed AS (
    SELECT start_at, hours, sale_uid, min(first_received_at) AS at, array_agg(collector) AS collectors
    FROM comparison
    CROSS JOIN LATERAL (
        SELECT sale_uid, collector, first_received_at
        FROM core.sale_sighting
        WHERE source_hour = ANY (hours) AND collector NOT LIKE 'events-api-%'
            AND first_received_at >= start_at - interval '2 min' AND first_received_at < end_at + interval '2 min'
        OFFSET 0
    ) AS sighting
    WHERE start_at IN (SELECT start_at FROM contested)
    GROUP BY start_at, end_at, hours, sale_uid
    HAVING min(first_received_at) >= start_at AND min(first_received_at) < end_at
)
SELECT start_at, sale_uid, at, collectors, topic
FROM observed
JOIN compared_sale USING (sale_uid)
-- a sale of an hour that the same load compares for itself says nothing here: another load may not compare that one
WHERE source_hour = ANY (hours);
ANALYZE received_sale (start_at, topic);

-- Grain: one row per comparison, collector and topic: when it was silent, whatever it claims.
CREATE TEMP TABLE silence ON COMMIT DROP AS
WITH common_sale AS (
    SELECT start_at, 'collection:*' AS common, sale_uid, at, collectors
    FROM received_sale
    WHERE start_at IN (SELECT start_at FROM contested WHERE common = 'collection:*')
    UNION ALL
    SELECT start_at, topic, sale_uid, at, collectors
    FROM received_sale
    WHERE (start_at, topic) IN (SELECT start_at, common FROM contested)
),
ordered AS (
    SELECT
        *, row_number() OVER received AS place, lag(at) OVER received AS previous_at,
        lead(at) OVER received AS next_at, lead(sale_uid) OVER received AS next_uid
    FROM common_sale
    WINDOW received AS (PARTITION BY start_at, common ORDER BY at, sale_uid)
),
unseen AS (
    SELECT start_at, collector, topic, common, at, place, previous_at, next_at, next_uid
    FROM contested
    JOIN ordered USING (start_at, common)
    WHERE collector <> ALL (collectors) AND span @> at
),
numbered AS (
    SELECT *, place - row_number() OVER (PARTITION BY start_at, collector, topic, common ORDER BY place) AS island
    FROM unseen
    JOIN comparison USING (start_at)
    WHERE at >= judged_from AND at < judged_to
),
-- four sales in a row that only others received: it was silent since the sale before them, and until it received the one after
run AS (
    SELECT
        start_at, end_at, hours, collector, topic,
        (array_agg(previous_at ORDER BY place))[1] + interval '1 us' AS from_at,
        (array_agg(next_at ORDER BY place DESC))[1] AS next_at,
        (array_agg(next_uid ORDER BY place DESC))[1] AS next_uid
    FROM numbered
    GROUP BY start_at, end_at, hours, collector, topic, common, island
    HAVING count(*) >= 4
),
silent_by_sales AS (
    SELECT start_at, hours, collector, topic, tstzrange(coalesce(from_at, start_at), coalesce(own.received_at, next_at, end_at)) AS span
    FROM run
    CROSS JOIN LATERAL (
        SELECT min(first_received_at) AS received_at
        FROM core.sale_sighting
        WHERE source_hour = ANY (hours) AND sale_uid = next_uid AND sale_sighting.collector = run.collector
    ) AS own
),
-- The same by the manifests' counts: they know by which topic a sale came, and nothing finer than a minute.
minute AS (
    SELECT start_at, collector, topic, source_hour + minute * interval '1 min' AS at, counted.sales
    FROM comparison
    JOIN ops.topic_count ON source_hour = ANY (hours),
        unnest(minutes, messages, topic_count.sales) AS counted (minute, messages, sales)
    WHERE (start_at, topic) IN (SELECT start_at, topic FROM contested WHERE topic = common)
),
others AS (
    SELECT start_at, contested.collector, topic, at, max(sales) AS sales
    FROM contested
    JOIN minute USING (start_at, topic)
    WHERE topic = common AND contested.collector <> minute.collector
    GROUP BY start_at, contested.collector, topic, at
),
suspect AS (
    SELECT start_at, collector, topic
    FROM others
    GROUP BY start_at, collector, topic
    HAVING sum(sales) >= 4
),
quiet_minute AS (
    SELECT
        start_at, hours, collector, topic, at, coalesce(others.sales, 0) AS sales,
        at - row_number() OVER (PARTITION BY start_at, collector, topic ORDER BY at) * interval '1 min' AS island
    FROM suspect
    JOIN comparison USING (start_at)
    JOIN contested USING (start_at, collector, topic)
    CROSS JOIN LATERAL generate_series(judged_from, judged_to - interval '1 min', interval '1 min') AS at
    LEFT JOIN others USING (start_at, collector, topic, at)
    LEFT JOIN minute AS own USING (start_at, collector, topic, at)
    WHERE topic = common AND own.sales IS NULL AND span @> tstzrange(at, at + interval '1 min')
),
-- what others received in the first or the last of them may have reached it in the minute before or after
inner_minute AS (
    SELECT *, CASE WHEN at > min(at) OVER quiet AND at < max(at) OVER quiet THEN sales ELSE 0 END AS missed
    FROM quiet_minute
    WINDOW quiet AS (PARTITION BY start_at, collector, topic, island)
),
-- it fell silent in the minute before the first without messages, and received again in the one after the last
silent_by_minutes AS (
    SELECT start_at, hours, collector, topic, tstzrange(min(at) - interval '1 min', max(at) + interval '2 min') AS span
    FROM inner_minute
    GROUP BY start_at, hours, collector, topic, island
    HAVING sum(missed) >= 4
),
-- An audit of the hour: the Events API knows sales that the claim covers, and the collector received none of the topic.
known AS (
    SELECT start_at, 'collection:' || collection_slug AS topic, coalesce(event_at, sold_at) AS at
    FROM comparison
    CROSS JOIN LATERAL (
        SELECT sale_uid FROM core.sale_sighting WHERE source_hour = start_at AND collector LIKE 'events-api-audit-%' OFFSET 0
    ) AS sighting
    JOIN core.sale USING (sale_uid)
    WHERE cardinality(hours) = 1
),
received AS (
    SELECT DISTINCT start_at, collector, 'collection:' || collection_slug AS topic
    FROM comparison
    CROSS JOIN LATERAL (
        SELECT sale_uid, collector FROM core.sale_sighting WHERE source_hour = start_at AND collector NOT LIKE 'events-api-%' OFFSET 0
    ) AS sighting
    JOIN core.sale USING (sale_uid)
    WHERE start_at IN (SELECT start_at FROM known)
),
silent_by_audit AS (
    SELECT start_at, hours, collector, claim.topic, tstzrange(start_at, end_at) AS span
    FROM claim
    JOIN comparison USING (start_at)
    WHERE EXISTS (
        SELECT FROM known
        WHERE known.start_at = claim.start_at AND claim.topic IN (known.topic, 'collection:*') AND span @> tstzrange(at, at + interval '2 min')
    ) AND NOT EXISTS (
        SELECT FROM received
        WHERE (received.start_at, received.collector) = (claim.start_at, claim.collector) AND claim.topic IN (received.topic, 'collection:*')
    )
)
SELECT start_at, hours, collector, topic, range_agg(span) AS spans
FROM (SELECT * FROM silent_by_sales UNION ALL SELECT * FROM silent_by_minutes UNION ALL SELECT * FROM silent_by_audit) AS silent
GROUP BY start_at, hours, collector, topic;

-- Grain: one row per hour, collector and topic whose silence this load found, changed or took back.
CREATE TEMP TABLE silent_topic (source_hour timestamptz, collector text COLLATE "C", topic text COLLATE "C") ON COMMIT DROP;

WITH old AS (
    DELETE FROM ops.silence USING comparison WHERE compared_from = start_at RETURNING hours, collector, topic
)
INSERT INTO silent_topic SELECT unnest(hours), collector, topic FROM old;

INSERT INTO ops.silence (compared_from, collector, topic, from_at, to_at)
SELECT start_at, collector, topic, lower(span), upper(span)
FROM silence, unnest(spans) AS span;

INSERT INTO silent_topic SELECT unnest(hours), collector, topic FROM silence;

-- Grain: one row per such hour, collector and topic: what it claims, and when it was silent in that.
CREATE TEMP TABLE corrected ON COMMIT DROP AS
WITH recorded AS (
    SELECT source_hour, collector, topic, from_at, to_at FROM ops.coverage
    UNION ALL
    SELECT source_hour, collector, topic, from_at, to_at FROM ops.gap WHERE reason = 'silent'
),
claimed AS (
    SELECT source_hour, collector, topic, range_agg(tstzrange(from_at, to_at)) AS spans
    FROM (SELECT DISTINCT * FROM silent_topic) AS silent
    JOIN recorded USING (source_hour, collector, topic)
    GROUP BY source_hour, collector, topic
)
SELECT claimed.*, spans * coalesce((
    SELECT range_agg(tstzrange(from_at, to_at))
    FROM ops.silence
    WHERE compared_from BETWEEN source_hour - interval '10 min' AND source_hour + interval '50 min'
        AND (silence.collector, silence.topic) = (claimed.collector, claimed.topic)
), '{}') AS silent
FROM claimed;

DELETE FROM ops.coverage AS old
USING corrected AS new
WHERE (old.source_hour, old.collector, old.topic) = (new.source_hour, new.collector, new.topic);
DELETE FROM ops.gap AS old
USING corrected AS new
WHERE (old.source_hour, old.collector, old.topic) = (new.source_hour, new.collector, new.topic) AND reason = 'silent';

INSERT INTO ops.coverage (source_hour, collector, topic, from_at, to_at)
SELECT source_hour, collector, topic, lower(span), upper(span)
FROM corrected, unnest(spans - silent) AS span;

INSERT INTO ops.gap (source_hour, collector, topic, from_at, to_at, reason)
SELECT source_hour, collector, topic, lower(span), upper(span), 'silent'
FROM corrected, unnest(silent) AS span;
