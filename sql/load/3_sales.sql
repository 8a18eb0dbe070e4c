-- Sales that one name alone kept out may be told otherwise by this load: they are judged anew in 6_supersede.sql.
WITH back AS (
    DELETE FROM core.sale_superseded AS old
    USING (SELECT DISTINCT transaction_hash FROM sale_sight) AS seen
    WHERE old.transaction_hash = seen.transaction_hash
    RETURNING old.*
),
restored AS (
    INSERT INTO core.sale SELECT * FROM back
),
changed AS (
    INSERT INTO touched SELECT chain, collection_slug, sold_at, source_hour FROM back
)
INSERT INTO crossing SELECT -1 FROM back;

-- A row gives way to a stronger sight; on request also to the same sight, read anew.
WITH weaker AS (
    DELETE FROM core.sale AS old
    USING best
    WHERE old.sale_uid = best.sale_uid
        AND (
            best.strength < ops.strength(old.source, old.sent_at, old.received_at, old.first_collector)
            OR :force AND best.strength = ops.strength(old.source, old.sent_at, old.received_at, old.first_collector)
        )
    RETURNING old.*
)
INSERT INTO withdrawn SELECT * FROM weaker;

WITH fresh AS (
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
    FROM sale_sight
    WHERE sight IN (SELECT sight FROM best)
    ON CONFLICT (sale_uid) DO NOTHING
    RETURNING sale_uid
)
INSERT INTO written SELECT sale_uid FROM fresh;
ANALYZE written;
