-- Applies what 3_decide, same_sale and 4_changes have decided, and decides nothing.

-- core.sale: rows go to core.sale_superseded and come back, by the names of their columns; others go.
INSERT INTO core.sale_superseded
SELECT named.*
FROM core.sale AS old
JOIN same_sale USING (sale_uid),
    jsonb_populate_record(
        NULL::core.sale_superseded,
        to_jsonb(old) - ARRAY['marketplace_fee_raw', 'royalty_raw', 'other_fee_raw'] || jsonb_build_object('same_as', same_as)
    ) AS named
WHERE NOT EXISTS (SELECT FROM held WHERE held.sale_uid = old.sale_uid AND is_replaced);

DELETE FROM core.sale_row
WHERE (sale_uid, coalesce(source_hour, date_bin('1 hour', received_at, 'epoch'))) IN (SELECT sale_uid, source_hour FROM leaving)
    AND coalesce(source_hour, date_bin('1 hour', received_at, 'epoch'))
        BETWEEN (SELECT min(source_hour) FROM leaving) AND (SELECT max(source_hour) FROM leaving);

WITH moved AS (
    DELETE FROM core.sale_superseded AS old
    USING returning_sale
    WHERE old.sale_uid = returning_sale.sale_uid
    RETURNING old.*
)
INSERT INTO core.sale_row
SELECT packed.*
FROM moved, jsonb_populate_record(NULL::core.sale, to_jsonb(moved)) AS named, core.packed(named) AS packed;

UPDATE core.sale
SET (marketplace_fee_raw, royalty_raw, other_fee_raw) = (
    SELECT
        coalesce(sum(amount_raw) FILTER (WHERE kind = 'marketplace'), 0),
        coalesce(sum(amount_raw) FILTER (WHERE kind IS NULL OR kind = 'royalty'), 0),
        coalesce(sum(amount_raw) FILTER (WHERE kind = 'other'), 0)
    FROM (
        SELECT amount_raw, core.fee_kind(chain, recipient, sold_at) AS kind
        FROM jsonb_to_recordset(fees) AS fee (recipient text, amount_raw numeric)
    ) AS fee
)
WHERE sale_uid IN (SELECT sale_uid FROM returning_sale) AND fees IS NOT NULL;

DELETE FROM core.sale_superseded
WHERE sale_uid IN (
    SELECT sale_uid FROM held WHERE is_replaced
    UNION ALL
    SELECT sale_uid FROM retracted WHERE is_removed
);

UPDATE core.sale_superseded AS old
SET same_as = same_sale.same_as
FROM same_sale
WHERE old.sale_uid = same_sale.sale_uid AND old.same_as <> same_sale.same_as;

INSERT INTO core.sale_row (
    sale_uid, payload_hash, nft_kind, sold_at, received_at, first_load_id, sent_after, marketplace_share, royalty_share,
    other_share, is_private, is_replayed, sold_at_source, side, side_source, source, chain, first_collector,
    transaction_hash, order_hash, collection_slug, token_id, nft_name, maker, taker, seller, buyer, price_raw, usd_rate,
    fees, fill, payment_token_decimals, payment_token_address, payment_token_symbol, event_after, quantity, eth_rate,
    marketplace_fee_raw, royalty_raw, other_fee_raw, unit_price, event_at, sent_at, source_hour
)
SELECT
    sale_uid, payload_hash, nft_kind, sold_at, received_at, :load_id, sent_after, marketplace_share, royalty_share,
    other_share, is_private, is_replayed, sold_at_source, side, side_source, source, chain, first_collector,
    transaction_hash, order_hash, collection_slug, token_id, nft_name, maker, taker, seller, buyer, price_raw, usd_rate,
    fees, fill, payment_token_decimals, payment_token_address, payment_token_symbol, event_after, quantity, eth_rate,
    marketplace_fee_raw, royalty_raw, other_fee_raw, unit_price, event_at, sent_at,
    nullif(CAST(:hour AS timestamptz), date_bin('1 hour', received_at, 'epoch'))
FROM observation_row
JOIN outcome USING (observation, sale_uid)
WHERE outcome IN ('new', 'replaces') AND NOT EXISTS (SELECT FROM same_sale WHERE same_sale.sale_uid = outcome.sale_uid);

INSERT INTO core.sale_superseded
SELECT named.*
FROM sale_observation AS new
JOIN outcome USING (observation, sale_uid)
JOIN same_sale USING (sale_uid),
    jsonb_populate_record(
        NULL::core.sale_superseded,
        to_jsonb(new) - ARRAY['marketplace_fee_raw', 'royalty_raw', 'other_fee_raw'] || jsonb_build_object(
            'same_as', same_as, 'source_hour', CAST(:hour AS timestamptz), 'loaded_at', now(),
            'first_collector', collector, 'first_load_id', CAST(:load_id AS bigint)
        )
    ) AS named
WHERE outcome IN ('new', 'replaces');

-- core.sale_sighting: who observed what.
DELETE FROM core.sale_sighting AS old
USING (SELECT sale_uid, collector FROM lost_sighting UNION ALL SELECT sale_uid, collector FROM sighting) AS changed
WHERE old.source_hour = :hour AND old.sale_uid = changed.sale_uid AND old.collector = changed.collector;

INSERT INTO core.sale_sighting (sale_uid, source_hour, collector, observations, first_received_at)
SELECT sale_uid, :hour, collector, observations, first_received_at
FROM sighting
ORDER BY sale_uid, collector;

-- ops.sale_conflict: every version but the kept one.
DELETE FROM ops.sale_conflict WHERE :again AND source_hour = :hour AND collector = ANY (:collectors);

DELETE FROM ops.sale_conflict AS old
USING kept_values AS kept
WHERE old.sale_uid = kept.sale_uid AND old.payload_hash = md5(kept.reported::text);

DELETE FROM ops.sale_conflict
WHERE sale_uid IN (SELECT sale_uid FROM retracted WHERE is_removed);

INSERT INTO ops.sale_conflict AS old (sale_uid, reported, payload_hash, source, sent_at, received_at, collector, source_hour)
SELECT sale_uid, reported, payload_hash, source, sent_at, received_at, collector, source_hour
FROM version
ON CONFLICT (sale_uid, payload_hash) DO UPDATE
    SET (source, sent_at, received_at, collector, source_hour)
        = (excluded.source, excluded.sent_at, excluded.received_at, excluded.collector, excluded.source_hour)
    WHERE ops.precedence(excluded.source, excluded.sent_at, excluded.received_at, excluded.collector, excluded.source_hour)
        < ops.precedence(old.source, old.sent_at, old.received_at, old.collector, old.source_hour);

-- ops.load_run: hours that have to be loaded again.
UPDATE ops.load_run
SET fingerprint = ''
WHERE source_hour IN (
    SELECT seen.source_hour FROM core.sale_sighting AS seen JOIN retracted_key USING (sale_uid) WHERE seen.source_hour <> :hour
);
