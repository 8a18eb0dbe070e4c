-- Decides, and changes nothing: what each observation is to the warehouse, and what this hour no longer reports.

-- Grain: one row per key of this load, by its observation of the highest precedence. `is_recent`: by the times of its
-- transaction and event it was sold a day before the hour or later. No sale is taken that was sold more than a day after its
-- hour (tidemark/loader/transform/segment.py), so a recent one is not in the months before the near ones.
CREATE TEMP TABLE first_observation ON COMMIT DROP AS
SELECT
    observation, file, sale_uid, payload_hash, transaction_hash, chain, collection_slug,
    date_bin('1 hour', sold_at, 'epoch') AS sold_hour,
    ops.precedence(source, sent_at, received_at, collector, :hour) AS precedence,
    sold_at_source = 'transaction' AND least(sold_at, event_at) >= :hour - interval '1 day' AS is_recent,
    is_vague
FROM sale_observation
WHERE NOT EXISTS (SELECT FROM behind WHERE behind.observation = sale_observation.observation);
ANALYZE first_observation;

-- Grain: one row per key of those that core.sale has. Each month has an index of its own: first those in which nearly all
-- are found, then all others for the keys that can be there; with --force for every key.
CREATE TEMP TABLE stored ON COMMIT DROP AS
SELECT sale_uid, stored.payload_hash, source, sent_at, received_at, first_collector, source_hour
FROM first_observation
JOIN core.sale AS stored USING (sale_uid)
WHERE source_hour >= :near_from AND source_hour < :near_to;
ANALYZE stored;

-- A recent one is looked for only in the months after the near ones, which there are where hours are loaded in another order.
-- PostgreSQL leaves out what lies between the two bounds.
INSERT INTO stored
SELECT first.sale_uid, other.*
FROM (
    SELECT sale_uid, is_recent AND NOT (:again OR :force) AS is_only_later
    FROM first_observation
) AS first,
    LATERAL (
        SELECT payload_hash, source, sent_at, received_at, first_collector, source_hour
        FROM core.sale
        WHERE sale_uid = first.sale_uid AND (
            source_hour >= :near_to
            OR source_hour < CASE WHEN first.is_only_later THEN '-infinity' ELSE CAST(:near_from AS timestamptz) END
        )
        OFFSET 0
    ) AS other
WHERE (NOT first.is_only_later OR EXISTS (SELECT FROM core.sale WHERE source_hour >= :near_to))
    AND (:force OR NOT EXISTS (SELECT FROM stored WHERE stored.sale_uid = first.sale_uid));

-- Grain: one row per row of a key that two months have, which is the case only after messages that state different times of
-- its transaction: all but that of the highest precedence.
CREATE TEMP TABLE doubled ON COMMIT DROP AS
SELECT sale_uid, source_hour
FROM (
    SELECT
        sale_uid, source_hour, row_number() OVER (
            PARTITION BY sale_uid ORDER BY ops.precedence(source, sent_at, received_at, first_collector, source_hour)
        ) AS place
    FROM stored
) AS ranked
WHERE place > 1;
DELETE FROM stored USING doubled WHERE (stored.sale_uid, stored.source_hour) = (doubled.sale_uid, doubled.source_hour);

INSERT INTO stored
SELECT sale_uid, other.payload_hash, source, sent_at, received_at, first_collector, source_hour
FROM first_observation
JOIN core.sale_superseded AS other USING (sale_uid)
WHERE NOT EXISTS (SELECT FROM stored WHERE stored.sale_uid = other.sale_uid);
ANALYZE stored;

-- Grain: one row per key of this load that the warehouse holds, in core.sale or core.sale_superseded. The row is
-- replaced by an observation of higher precedence; by the same one read again, with --force or with other values; and
-- by one of lower precedence where this hour reported the row and does so no longer. `retracts`: another hour may
-- report what is then missing.
CREATE TEMP TABLE held ON COMMIT DROP AS
WITH compared AS (
    SELECT
        sale_uid, source_hour, stored.payload_hash, first.payload_hash <> stored.payload_hash AS differs,
        stored.source_hour = :hour AND stored.first_collector = ANY (:collectors) AS own,
        first.precedence AS new,
        ops.precedence(stored.source, stored.sent_at, stored.received_at, stored.first_collector, stored.source_hour) AS old
    FROM first_observation AS first
    JOIN stored USING (sale_uid)
)
SELECT
    sale_uid, source_hour, payload_hash, differs,
    new < old OR (new > old AND own) OR (new = old AND (:force OR differs)) AS is_replaced,
    new < old AND NOT own AND differs AS is_conflict,
    own AND (differs OR new > old) AS retracts
FROM compared;
ANALYZE held;

-- Grain: one row per observation and what becomes of it: new, replaces, duplicate or conflicting (known, other values).
CREATE TEMP TABLE outcome ON COMMIT DROP AS
SELECT
    observation, file, sale_uid,
    CASE
        WHEN held.sale_uid IS NULL THEN 'new'
        WHEN is_replaced THEN 'replaces'
        WHEN differs THEN 'conflicting'
        ELSE 'duplicate'
    END AS outcome
FROM first_observation
LEFT JOIN held USING (sale_uid)
UNION ALL
SELECT
    observation, file, sale_uid,
    CASE
        WHEN behind.payload_hash = CASE WHEN NOT is_replaced THEN held.payload_hash ELSE first_payload_hash END THEN 'duplicate'
        ELSE 'conflicting'
    END
FROM behind
LEFT JOIN held USING (sale_uid);
ANALYZE outcome;

-- Grain: one row per observation that does not become its key's row. Mostly few: joins look these up, and not all others.
CREATE TEMP TABLE passed_over ON COMMIT DROP AS
SELECT observation
FROM outcome
WHERE outcome NOT IN ('new', 'replaces');
ANALYZE passed_over;

-- Grain: one row per sale and collector that observed it in this hour, where that is news.
CREATE TEMP TABLE sighting ON COMMIT DROP AS
SELECT sale_uid, collector, new.observations, new.first_received_at
FROM (
    SELECT sale_uid, collector, count(*) AS observations, min(received_at) AS first_received_at
    FROM sale_observation
    GROUP BY sale_uid, collector
) AS new
LEFT JOIN (SELECT * FROM core.sale_sighting WHERE :again AND source_hour = :hour) AS old USING (sale_uid, collector)
WHERE (old.observations, old.first_received_at) IS DISTINCT FROM (new.observations, new.first_received_at);
ANALYZE sighting;

-- Grain: one row per sale and collector that observed it in this hour by an earlier load and does not by this one.
CREATE TEMP TABLE lost_sighting ON COMMIT DROP AS
SELECT sale_uid, collector
FROM core.sale_sighting AS old
WHERE :again AND source_hour = :hour AND collector = ANY (:collectors)
    AND NOT EXISTS (SELECT FROM sale_observation AS new WHERE new.sale_uid = old.sale_uid AND new.collector = old.collector);
ANALYZE lost_sighting;

-- Grain: one row per key of those, as the warehouse holds it; `is_removed` where its row was read from this hour and no
-- observation is left.
CREATE TEMP TABLE retracted ON COMMIT DROP AS
SELECT
    sale_uid, transaction_hash,
    source_hour = :hour AND first_collector = ANY (:collectors)
        AND NOT EXISTS (SELECT FROM sale_observation AS new WHERE new.sale_uid = stored.sale_uid) AS is_removed
FROM (SELECT DISTINCT sale_uid FROM lost_sighting) AS lost
JOIN (
    SELECT
        sale_uid, core.to_text(transaction_hash) AS transaction_hash,
        coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) AS source_hour,
        core.code_to_word(first_collector) AS first_collector
    FROM core.sale_row
    UNION ALL
    SELECT sale_uid, transaction_hash, source_hour, first_collector FROM core.sale_superseded
) AS stored USING (sale_uid);
ANALYZE retracted;

-- Grain: one row per transaction with changes in which an observation may be a sale of another key: it lacks a value.
CREATE TEMP TABLE vague_transaction ON COMMIT DROP AS
WITH written AS (
    SELECT transaction_hash, is_vague, is_recent
    FROM first_observation AS first
    WHERE NOT EXISTS (SELECT FROM passed_over WHERE passed_over.observation = first.observation)
    UNION ALL
    SELECT listed.transaction_hash, listed.is_vague, is_recent
    FROM sale_observation AS listed
    JOIN first_observation USING (sale_uid)
    WHERE source = 'events_api'
),
changed AS (
    SELECT transaction_hash, is_recent FROM written
    UNION ALL
    SELECT transaction_hash, false FROM retracted
)
SELECT transaction_hash FROM written WHERE is_vague
UNION
SELECT core.to_text(transaction_hash)
FROM core.sale_row
WHERE core.to_text(transaction_hash) IN (SELECT transaction_hash FROM changed)
    AND ops.is_vague(order_hash, core.null_to_usual(quantity, 1, -1), maker, taker, seller, buyer)
    AND coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) >= :near_from
UNION
SELECT core.to_text(transaction_hash)
FROM core.sale_row
WHERE core.to_text(transaction_hash) IN (SELECT transaction_hash FROM changed WHERE NOT is_recent)
    AND ops.is_vague(order_hash, core.null_to_usual(quantity, 1, -1), maker, taker, seller, buyer)
    AND coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) < :near_from
UNION
SELECT transaction_hash
FROM core.sale_superseded
WHERE transaction_hash IN (SELECT transaction_hash FROM changed);
ANALYZE vague_transaction;

-- Grain: one row per key that was superseded in those transactions before this load.
CREATE TEMP TABLE was_superseded ON COMMIT DROP AS
SELECT sale_uid, same_as
FROM core.sale_superseded
JOIN vague_transaction USING (transaction_hash);

-- Grain: one row per key of those transactions after this load, where its NFT has several in its transaction.
CREATE TEMP TABLE candidate ON COMMIT DROP AS
WITH stored AS (
    SELECT
        sale_uid, chain, transaction_hash, contract_address, token_id, order_hash, maker, taker, seller, buyer, side_source,
        quantity, price_raw, payment_token_address, source, sent_at, received_at, first_collector, source_hour
    FROM core.sale
    JOIN vague_transaction USING (transaction_hash)
    UNION ALL
    SELECT
        sale_uid, chain, transaction_hash, contract_address, token_id, order_hash, maker, taker, seller, buyer, side_source,
        quantity, price_raw, payment_token_address, source, sent_at, received_at, first_collector, source_hour
    FROM core.sale_superseded
    JOIN vague_transaction USING (transaction_hash)
),
current AS (
    SELECT *
    FROM stored
    WHERE NOT EXISTS (SELECT FROM held WHERE held.sale_uid = stored.sale_uid AND is_replaced)
        AND NOT EXISTS (SELECT FROM retracted WHERE retracted.sale_uid = stored.sale_uid AND is_removed)
    UNION ALL
    SELECT
        new.sale_uid, chain, transaction_hash, contract_address, token_id, order_hash, maker, taker, seller, buyer, side_source,
        quantity, price_raw, payment_token_address, source, sent_at, received_at, collector, :hour
    FROM sale_observation AS new
    JOIN outcome USING (observation)
    JOIN vague_transaction USING (transaction_hash)
    WHERE outcome IN ('new', 'replaces')
),
counted AS (
    SELECT
        *, count(*) OVER nft AS keys,
        row_number() OVER (
            nft ORDER BY ops.precedence(source, sent_at, received_at, first_collector, source_hour), sale_uid
        ) AS place
    FROM current
    WINDOW nft AS (PARTITION BY chain, transaction_hash, contract_address, token_id)
),
several AS (
    SELECT * FROM counted WHERE keys > 1
),
listed AS (
    SELECT sale_uid, collector
    FROM core.sale_sighting
    WHERE collector LIKE 'events-api-%' AND sale_uid IN (SELECT sale_uid FROM several)
        AND NOT (source_hour = :hour AND collector = ANY (:collectors))
    UNION
    SELECT sale_uid, collector
    FROM sale_observation
    WHERE collector LIKE 'events-api-%'
),
lists AS (
    SELECT sale_uid, array_agg(collector) AS lists
    FROM listed
    GROUP BY sale_uid
)
SELECT several.*, coalesce(lists, '{}') AS lists
FROM several
LEFT JOIN lists USING (sale_uid);


-- Grain: one row per key that is another key's sale. `tidemark.loader.warehouse.same_sale` decides it by the candidates.
CREATE TEMP TABLE same_sale (sale_uid uuid PRIMARY KEY, same_as uuid NOT NULL) ON COMMIT DROP;
