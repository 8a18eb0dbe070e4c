-- Grain: one row of mart.hour_quality per changed archive hour (quality_hour of refresh_3_hour_cover.sql).

-- PostgreSQL's statistics of core.* may be from before this hour's sales came. These tables have their own, for joined row by
-- row a large hour would take for ever.
-- Grain: one row per sale of those hours.
CREATE TEMP TABLE hour_sale ON COMMIT DROP AS
SELECT quality_hour.hour, sale.*
FROM quality_hour
CROSS JOIN LATERAL (
    SELECT sale_uid, collection_slug, sold_at, sent_at, received_at, loaded_at, source, is_replayed
    FROM core.sale
    WHERE source_hour = quality_hour.hour
    OFFSET 0
) AS sale;
ANALYZE hour_sale (hour, sale_uid);

-- Grain: one row per hour, sale and collector that observed it about then, under this or another key.
CREATE TEMP TABLE hour_sighting ON COMMIT DROP AS
SELECT quality_hour.hour, coalesce(same_as, sighting.sale_uid) AS sale_uid, collector
FROM quality_hour
-- OFFSET 0 keeps the planner from reading the whole table once instead of each hour by its key
CROSS JOIN LATERAL (
    SELECT sale_uid, collector
    FROM core.sale_sighting
    -- a broadcast weeks later does not undo that a collector missed the first one
    WHERE source_hour BETWEEN quality_hour.hour - interval '1 hour' AND quality_hour.hour + interval '1 hour'
    OFFSET 0
) AS sighting
LEFT JOIN core.sale_superseded AS other USING (sale_uid);
ANALYZE hour_sighting (hour, sale_uid);

-- Grain: one row per sale of those hours, with the collectors that saw it then, in order of name.
CREATE TEMP TABLE quality_sale ON COMMIT DROP AS
WITH seen AS (
    SELECT
        hour, sale_uid,
        array_agg(DISTINCT collector ORDER BY collector) FILTER (WHERE collector NOT LIKE 'events-api-%') AS collectors
    FROM hour_sale
    JOIN hour_sighting USING (hour, sale_uid)
    GROUP BY hour, sale_uid
)
SELECT sale.*, coalesce(collection_slug, '') AS collection, seen.collectors
FROM hour_sale AS sale
LEFT JOIN seen USING (hour, sale_uid);

DELETE FROM mart.hour_quality AS old
USING quality_hour
WHERE old.hour = quality_hour.hour;

-- Two samples: the collector that covered most, and all the others together. With two collectors, one and the other.
WITH first_sample AS (
    SELECT DISTINCT ON (hour) hour, collector, cover
    FROM collector_cover
    ORDER BY hour, (SELECT sum(upper(span) - lower(span)) FROM unnest(cover) AS span) DESC NULLS LAST, collector
),
-- when both samples covered each collection of the hour, by itself or with the whole market
collection AS (
    SELECT DISTINCT hour, collection FROM quality_sale
),
collection_cover AS (
    SELECT hour, collection, topic_cover.collector = first_sample.collector AS is_first, range_agg(span) AS cover
    FROM collection
    JOIN first_sample USING (hour)
    CROSS JOIN LATERAL (VALUES ('collection:*'), ('collection:' || collection)) AS listed (topic)
    JOIN topic_cover USING (hour, topic),
        unnest(topic_cover.cover) AS span
    GROUP BY hour, collection, topic_cover.collector = first_sample.collector
),
overlap AS (
    SELECT hour, collection, one.cover * other.cover AS cover
    FROM collection_cover AS one
    JOIN collection_cover AS other USING (hour, collection)
    WHERE one.is_first AND NOT other.is_first
),
-- who observed each sale of that time: the first sample alone, the second alone, or both
capture AS (
    SELECT
        hour, received_at, sale_uid,
        CASE
            WHEN sale.collectors = ARRAY[first_sample.collector] THEN 'first'
            WHEN first_sample.collector = ANY (sale.collectors) THEN 'both'
            ELSE 'second'
        END AS sample
    FROM first_sample
    JOIN quality_sale AS sale USING (hour)
    JOIN overlap USING (hour, collection)
    WHERE NOT is_replayed AND collectors IS NOT NULL AND overlap.cover @> received_at
),
numbered AS (
    SELECT
        hour, sample,
        count(*) FILTER (WHERE sample = 'both') OVER (
            PARTITION BY hour ORDER BY received_at, sale_uid ROWS UNBOUNDED PRECEDING
        ) AS island
    FROM capture
),
-- sales in a row that one sample alone observed; four are a silence and no sample of independent losses
run AS (
    SELECT hour, count(*) AS sales, count(*) FILTER (WHERE sample = 'first') AS by_first, count(*) >= 4 AS is_silence
    FROM numbered
    WHERE sample <> 'both'
    GROUP BY hour, island
),
by_run AS (
    SELECT
        hour,
        sum(by_first) FILTER (WHERE NOT is_silence) AS by_first,
        sum(sales - by_first) FILTER (WHERE NOT is_silence) AS by_second,
        sum(sales * sales) FILTER (WHERE NOT is_silence) / sum(sales) FILTER (WHERE NOT is_silence) AS run_length,
        count(*) FILTER (WHERE is_silence AND 2 * by_first > sales) AS silences_of_second,
        count(*) FILTER (WHERE is_silence AND 2 * by_first <= sales) AS silences_of_first,
        avg(sales) FILTER (WHERE is_silence) AS silence_length
    FROM run
    GROUP BY hour
),
captured AS (
    SELECT
        hour, coalesce(by_first, 0) AS by_first, coalesce(by_second, 0) AS by_second, by_both, coalesce(run_length, 1) AS run_length,
        -- two silences may begin and end together, within four sales, and hide what both missed
        coalesce(4.0 * silences_of_first * silences_of_second / everything, 0) AS coincidences,
        coalesce(silence_length, 0) AS silence_length
    FROM (SELECT hour, count(*) FILTER (WHERE sample = 'both') AS by_both, count(*) AS everything FROM capture GROUP BY hour) AS total
    LEFT JOIN by_run USING (hour)
),
-- losses that come in runs are as uncertain as that many fewer
spread AS (
    SELECT
        *,
        (by_first / run_length + 0.5) * (by_second / run_length + 0.5) / (by_both / run_length + 0.5) AS centre,
        exp(1.96 * sqrt(
            1 / (by_first / run_length + 0.5) + 1 / (by_second / run_length + 0.5) + 1 / (by_both / run_length + 0.5)
        )) AS factor,
        CASE WHEN coincidences < 0.025 THEN 0 ELSE ceil(coincidences + 1.96 * sqrt(coincidences)) END * silence_length AS hidden
    FROM captured
),
estimated AS (
    SELECT
        hour,
        by_first + by_second + by_both AS seen,
        round(by_first * by_second / (by_both + 1.0), 2) AS missed,
        -- of the expected number on the logarithm's scale, then of a count around it: bounded also where neither missed one
        round(run_length * greatest(centre / factor - 1.96 * sqrt(centre / factor), 0)) AS low,
        round(run_length * (centre * factor + 1.96 * sqrt(centre * factor)) + hidden) AS high
    FROM spread
),
seen_by AS (
    SELECT hour, array_to_string(collectors, '+') AS names, count(*) AS sales
    FROM quality_sale
    WHERE collectors IS NOT NULL
    GROUP BY hour, collectors
),
seen AS (
    SELECT hour, jsonb_object_agg(names, sales) AS seen_by
    FROM seen_by
    GROUP BY hour
),
counted AS (
    SELECT hour, count(*) AS sales, count(*) FILTER (WHERE source = 'events_api') AS recovered
    FROM quality_sale
    GROUP BY hour
),
latency AS (
    SELECT
        hour, count(*) AS sales,
        percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - sold_at)) AS sent,
        percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM received_at - sent_at)) AS received,
        percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM loaded_at - received_at)) AS loaded,
        percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM loaded_at - sold_at)) AS total
    FROM quality_sale
    WHERE source = 'stream' AND NOT is_replayed
    GROUP BY hour
)
INSERT INTO mart.hour_quality (
    hour, collectors, covered_s, covered_twice_s, repaired_s, gaps, sales, seen_by,
    seen_in_overlap, missed_estimate, missed_low, missed_high, recovered, quarantined, live_sales,
    sold_to_sent_p50_s, sold_to_sent_p95_s, sold_to_sent_p99_s,
    sent_to_received_p50_s, sent_to_received_p95_s, sent_to_received_p99_s,
    received_to_loaded_p50_s, received_to_loaded_p95_s, received_to_loaded_p99_s,
    sold_to_loaded_p50_s, sold_to_loaded_p95_s, sold_to_loaded_p99_s
)
SELECT
    hour,
    cover.collectors,
    coalesce((SELECT sum(extract(epoch FROM upper(span) - lower(span))) FROM unnest(cover.once) AS span), 0),
    coalesce((SELECT sum(extract(epoch FROM upper(span) - lower(span))) FROM unnest(cover.twice) AS span), 0),
    coalesce((SELECT sum(extract(epoch FROM upper(span) - lower(span))) FROM unnest(cover.repaired) AS span), 0),
    cover.gaps,
    coalesce(counted.sales, 0),
    coalesce(seen.seen_by, '{}'),
    estimated.seen, estimated.missed, estimated.low, estimated.high,
    coalesce(counted.recovered, 0),
    (SELECT coalesce(sum(lines), 0) FROM ops.reject WHERE source_hour = hour),
    coalesce(latency.sales, 0),
    round(latency.sent[1]::numeric, 3), round(latency.sent[2]::numeric, 3), round(latency.sent[3]::numeric, 3),
    round(latency.received[1]::numeric, 3), round(latency.received[2]::numeric, 3), round(latency.received[3]::numeric, 3),
    round(latency.loaded[1]::numeric, 3), round(latency.loaded[2]::numeric, 3), round(latency.loaded[3]::numeric, 3),
    round(latency.total[1]::numeric, 3), round(latency.total[2]::numeric, 3), round(latency.total[3]::numeric, 3)
FROM hour_cover AS cover
LEFT JOIN counted USING (hour)
LEFT JOIN estimated USING (hour)
LEFT JOIN seen USING (hour)
LEFT JOIN latency USING (hour);
