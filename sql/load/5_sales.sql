-- Writes the sales as 3_decide, same_sale and 4_changes have decided, and decides nothing.

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
FROM observation_row AS new
WHERE NOT EXISTS (SELECT FROM passed_over WHERE passed_over.observation = new.observation)
    AND NOT EXISTS (SELECT FROM same_sale WHERE same_sale.sale_uid = new.sale_uid);

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
