-- Decides, and changes nothing: which rows leave core.sale, which conflicts there are, and which roll-ups change.
-- A join through `held` names the hours between which its rows lie, too: other months are left out however it is made.

-- Grain: one row of core.sale that is replaced, removed, or is another key's sale now, as it was.
CREATE TEMP TABLE leaving ON COMMIT DROP AS
WITH concerned AS (
    SELECT CAST(:hour AS timestamptz) AS hour UNION SELECT source_hour FROM held UNION SELECT source_hour FROM doubled
)
SELECT sale_uid, chain, collection_slug, contract_address, token_id, sold_at, source_hour
FROM core.sale
WHERE (sale_uid, source_hour) IN (
    SELECT sale_uid, source_hour FROM held WHERE is_replaced
    UNION ALL
    SELECT sale_uid, :hour FROM retracted WHERE is_removed
    UNION ALL
    SELECT sale_uid, source_hour FROM doubled
)
    AND source_hour BETWEEN (SELECT min(hour) FROM concerned) AND (SELECT max(hour) FROM concerned)
UNION
SELECT sale_uid, chain, collection_slug, contract_address, token_id, sold_at, source_hour
FROM core.sale
WHERE sale_uid IN (SELECT sale_uid FROM same_sale);
ANALYZE leaving;

-- Grain: one row per key that was another key's sale and is one of its own again.
CREATE TEMP TABLE returning_sale ON COMMIT DROP AS
SELECT sale_uid
FROM was_superseded
WHERE NOT EXISTS (SELECT FROM same_sale WHERE same_sale.sale_uid = was_superseded.sale_uid)
    AND NOT EXISTS (SELECT FROM held WHERE held.sale_uid = was_superseded.sale_uid AND is_replaced)
    AND NOT EXISTS (SELECT FROM retracted WHERE retracted.sale_uid = was_superseded.sale_uid AND is_removed);
ANALYZE returning_sale;

-- Grain: one row per key of this load with conflicting observations, or a replaced row: the values that it has now.
CREATE TEMP TABLE kept_values ON COMMIT DROP AS
WITH key AS (
    SELECT sale_uid FROM outcome WHERE outcome = 'conflicting'
    UNION
    SELECT sale_uid FROM held WHERE is_replaced AND differs
)
SELECT sale_uid, ops.reported_values(to_jsonb(new)) AS reported
FROM sale_observation AS new
JOIN outcome USING (observation, sale_uid)
JOIN key USING (sale_uid)
WHERE outcome IN ('new', 'replaces')
UNION ALL
SELECT sale_uid, ops.reported_values(to_jsonb(old))
FROM core.sale AS old
JOIN held USING (sale_uid, source_hour)
JOIN key USING (sale_uid)
WHERE NOT is_replaced AND source_hour BETWEEN (SELECT min(source_hour) FROM held) AND (SELECT max(source_hour) FROM held)
UNION ALL
SELECT sale_uid, ops.reported_values(to_jsonb(old))
FROM core.sale_superseded AS old
JOIN key USING (sale_uid)
JOIN held USING (sale_uid)
WHERE NOT is_replaced;
ANALYZE kept_values;

-- Grain: one row per key and version of it that is not the kept one, with the observation of the highest precedence.
CREATE TEMP TABLE version ON COMMIT DROP AS
WITH other AS (
    SELECT
        sale_uid, ops.reported_values(to_jsonb(new)) AS reported,
        new.source, new.sent_at, new.received_at, new.collector, CAST(:hour AS timestamptz) AS source_hour
    FROM sale_observation AS new
    JOIN outcome USING (observation, sale_uid)
    WHERE outcome = 'conflicting'
    UNION ALL
    SELECT sale_uid, ops.reported_values(to_jsonb(old)), source, sent_at, received_at, first_collector, source_hour
    FROM core.sale AS old
    JOIN held USING (sale_uid, source_hour)
    WHERE is_conflict AND source_hour BETWEEN (SELECT min(source_hour) FROM held) AND (SELECT max(source_hour) FROM held)
    UNION ALL
    SELECT sale_uid, ops.reported_values(to_jsonb(old)), source, sent_at, received_at, first_collector, old.source_hour
    FROM core.sale_superseded AS old
    JOIN held USING (sale_uid)
    WHERE is_conflict
)
SELECT DISTINCT ON (sale_uid, other.reported)
    sale_uid, other.reported, md5(other.reported::text) AS payload_hash,
    source, sent_at, received_at, collector, source_hour,
    ops.precedence(source, sent_at, received_at, collector, source_hour) AS precedence
FROM other
JOIN kept_values USING (sale_uid)
WHERE other.reported <> kept_values.reported
ORDER BY sale_uid, other.reported, precedence;
ANALYZE version;

-- Grain: one row per key of which this hour no longer reports something that it reported before: a sighting, the row's
-- values, or a conflict. Another hour that observed the sale may report it better than what is left.
CREATE TEMP TABLE retracted_key ON COMMIT DROP AS
SELECT sale_uid FROM lost_sighting
UNION
SELECT sale_uid FROM held WHERE retracts
UNION
SELECT sale_uid
FROM ops.sale_conflict AS old
WHERE :again AND source_hour = :hour AND collector = ANY (:collectors)
    AND NOT EXISTS (
        SELECT
        FROM version AS new
        WHERE new.sale_uid = old.sale_uid AND new.payload_hash = old.payload_hash
            AND new.precedence <= ops.precedence(old.source, old.sent_at, old.received_at, old.collector, old.source_hour)
    );
ANALYZE retracted_key;

-- Grain: one row per bucket of the roll-ups whose sales or sightings change, by the values that they had and have.
-- Read by sql/marts/refresh_*.sql and by the steps on coverage.
CREATE TEMP TABLE changed ON COMMIT DROP AS
WITH seen_otherwise AS (
    SELECT sale_uid FROM sighting JOIN held USING (sale_uid)
    UNION ALL
    SELECT sale_uid FROM lost_sighting
    UNION ALL
    SELECT sale_uid FROM same_sale
    UNION ALL
    SELECT sale_uid FROM was_superseded
    UNION ALL
    SELECT sale_uid FROM doubled
),
key AS (
    SELECT sale_uid FROM seen_otherwise
    UNION
    SELECT same_as FROM seen_otherwise JOIN same_sale USING (sale_uid)
    UNION
    SELECT same_as FROM seen_otherwise JOIN core.sale_superseded USING (sale_uid)
)
SELECT chain, collection_slug, date_bin('1 hour', sold_at, 'epoch') AS sold_hour, source_hour
FROM leaving
UNION
SELECT chain, collection_slug, sold_hour, :hour
FROM first_observation AS first
WHERE NOT EXISTS (SELECT FROM passed_over WHERE passed_over.observation = first.observation)
    AND NOT EXISTS (SELECT FROM same_sale WHERE same_sale.sale_uid = first.sale_uid)
UNION
SELECT chain, collection_slug, date_bin('1 hour', sold_at, 'epoch'), source_hour
FROM core.sale_superseded
JOIN returning_sale USING (sale_uid)
UNION
SELECT chain, collection_slug, date_bin('1 hour', sold_at, 'epoch'), source_hour
FROM core.sale
JOIN held USING (sale_uid, source_hour)
JOIN key USING (sale_uid)
WHERE source_hour BETWEEN (SELECT min(source_hour) FROM held) AND (SELECT max(source_hour) FROM held)
UNION
SELECT chain, collection_slug, date_bin('1 hour', sold_at, 'epoch'), source_hour
FROM key,
    LATERAL (
        SELECT chain, collection_slug, sold_at, source_hour FROM core.sale WHERE sale_uid = key.sale_uid OFFSET 0
    ) AS other
WHERE NOT EXISTS (SELECT FROM held WHERE held.sale_uid = key.sale_uid);
