-- An object that was replaced, or a transform that reads a line otherwise than its predecessor did, can take a observation back.
WITH lost AS (
    DELETE FROM core.sale_sighting AS old
    WHERE :again
        AND old.source_hour = :hour
        AND old.collector = ANY (:collectors)
        AND NOT EXISTS (SELECT FROM sale_observation AS new WHERE new.sale_uid = old.sale_uid AND new.collector = old.collector)
    RETURNING old.sale_uid
)
INSERT INTO retracted
SELECT sale_uid, (
    SELECT transaction_hash FROM core.sale WHERE sale.sale_uid = lost.sale_uid
    UNION ALL
    SELECT transaction_hash FROM core.sale_superseded AS old WHERE old.sale_uid = lost.sale_uid
)
FROM (SELECT DISTINCT sale_uid FROM lost) AS lost;
ANALYZE retracted;

-- Sales that one name alone kept out may be reported otherwise by this load: they are scored anew in 6_supersede.sql.
WITH back AS (
    DELETE FROM core.sale_superseded AS old
    WHERE old.transaction_hash IN (SELECT transaction_hash FROM sale_observation UNION ALL SELECT transaction_hash FROM retracted)
    RETURNING old.*
),
restored AS (
    INSERT INTO core.sale SELECT * FROM back
),
changed AS (
    INSERT INTO changed SELECT chain, collection_slug, sold_at, source_hour FROM back
)
INSERT INTO superseded_delta SELECT -1 FROM back;

-- Grain: one row per sale of this load that core.sale has. Its row gives way to a stronger observation; on request also to the same, read anew; and to
-- a weaker one where this hour reported it and does not any more.
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT
    best.sale_uid, best.observation, best.file, reported.precedence AS precedence, kept.precedence AS kept_precedence,
    reported.precedence < kept.precedence
        OR :force AND reported.precedence = kept.precedence
        OR reported.precedence > kept.precedence AND old.source_hour = :hour AND old.first_collector = ANY (:collectors) AS gives_way
FROM sale_observation AS best
JOIN core.sale AS old USING (sale_uid),
    LATERAL (SELECT ops.precedence(best.source, best.sent_at, best.received_at, best.collector) AS precedence) AS reported,
    LATERAL (SELECT ops.precedence(old.source, old.sent_at, old.received_at, old.first_collector) AS precedence) AS kept
WHERE NOT EXISTS (SELECT FROM duplicate WHERE duplicate.observation = best.observation);
ANALYZE known;

WITH weaker AS (
    DELETE FROM core.sale AS old
    USING known
    WHERE old.sale_uid = known.sale_uid AND known.gives_way
    RETURNING old.*
)
INSERT INTO replaced SELECT * FROM weaker;

INSERT INTO duplicate (observation, file, may_differ)
SELECT observation, file, precedence > kept_precedence
FROM known
WHERE NOT gives_way;
ANALYZE duplicate;

INSERT INTO core.sale (
    sale_uid, sold_at, sold_at_source, event_at, sent_at, received_at, chain, transaction_hash, order_hash,
    collection_slug, contract_address, token_id, nft_name, maker, taker, seller, buyer, side, side_source, quantity,
    price_raw, payment_token_address, payment_token_symbol, payment_token_decimals, price, unit_price, usd_rate,
    eth_rate, price_usd, price_eth, marketplace_fee_raw, royalty_raw, fees, is_private, is_replayed, source,
    source_hour, first_collector, first_load_id
)
SELECT
    sale_uid, sold_at, sold_at_source, event_at, sent_at, received_at, chain, transaction_hash, order_hash,
    collection_slug, contract_address, token_id, nft_name, maker, taker, seller, buyer, side, side_source, quantity,
    price_raw, payment_token_address, payment_token_symbol, payment_token_decimals, price, unit_price, usd_rate,
    eth_rate, price_usd, price_eth, marketplace_fee_raw, royalty_raw, fees, is_private, is_replayed, source,
    :hour, collector, :load_id
FROM sale_observation AS best
WHERE NOT EXISTS (SELECT FROM duplicate WHERE duplicate.observation = best.observation);
