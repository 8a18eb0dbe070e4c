-- Writes what the market of the hour adds up to, and its single orders and transfers, whatever they were before. A load that
-- leaves out a collector which an earlier one read knows only a part: then nothing is known until all are read together.
INSERT INTO mart.market_hour AS known (hour, is_known, collectors, book_depth, has_transfers)
VALUES (:hour, true, ARRAY(SELECT unnest(CAST(:collectors AS text[])) COLLATE "C" ORDER BY 1), :book_depth, :transfers)
ON CONFLICT (hour) DO UPDATE SET
    is_known = known.collectors <@ excluded.collectors,
    collectors = ARRAY(SELECT unnest(known.collectors) UNION SELECT unnest(excluded.collectors) ORDER BY 1),
    book_depth = excluded.book_depth, has_transfers = excluded.has_transfers;
DELETE FROM market_part USING mart.market_hour AS market WHERE market.hour = :hour AND NOT is_known;
DELETE FROM order_observation USING mart.market_hour AS market WHERE market.hour = :hour AND NOT is_known;
DELETE FROM revision_observation USING mart.market_hour AS market WHERE market.hour = :hour AND NOT is_known;
DELETE FROM transfer_observation USING mart.market_hour AS market WHERE market.hour = :hour AND NOT is_known;

ANALYZE market_part;

-- Grain: one row per chain, collection and payment token of which this load read events.
CREATE TEMP TABLE market_cell ON COMMIT DROP AS
SELECT
    row_number() OVER () AS cell, chain, collection_slug, payment_token_address,
    CASE WHEN min(payment_token_symbol) = max(payment_token_symbol) THEN min(payment_token_symbol) END AS symbol,
    CASE WHEN min(payment_token_decimals) = max(payment_token_decimals) THEN min(payment_token_decimals) END AS decimals
FROM market_part
GROUP BY chain, collection_slug, payment_token_address;
ANALYZE market_cell;

-- Grain: one row of market_part, by cell.
CREATE TEMP TABLE market_cell_part ON COMMIT DROP AS
SELECT cell, kind, collector, is_late, price_raw, keys, wallets
FROM market_part AS part
JOIN market_cell AS cell
    ON coalesce(part.chain, '') = coalesce(cell.chain, '')
    AND coalesce(part.collection_slug, '') = coalesce(cell.collection_slug, '')
    AND coalesce(part.payment_token_address, '') = coalesce(cell.payment_token_address, '');
ANALYZE market_cell_part (cell, kind, is_late);

-- Grain: one row per event of which every message was sent before the hour began. It counts here unless another collector
-- received it before: one that covered the topic over the start of the hour and did not receive it in this hour.
CREATE TEMP TABLE late_event ON COMMIT DROP AS
WITH event AS (
    SELECT cell, kind, keys AS key, array_agg(DISTINCT collector) AS collectors, count(*) AS messages,
        min(wallets) AS wallet, min(price_raw) AS low_raw, max(price_raw) AS high_raw
    FROM market_cell_part
    WHERE is_late
    GROUP BY cell, kind, keys
),
covered AS (
    SELECT collector, topic
    FROM jsonb_to_recordset(:covered) AS interval (collector text, topic text, from_at timestamptz)
    WHERE from_at = :hour AND collector NOT LIKE 'events-api-%'
)
SELECT event.*, NOT EXISTS (
    SELECT FROM covered
    WHERE topic IN ('collection:*', 'collection:' || collection_slug) AND collector <> ALL (collectors)
) AS counts
FROM event
JOIN market_cell USING (cell);

-- Grain: one row per cell and kind: what is counted, and how many messages that were.
CREATE TEMP TABLE market_count ON COMMIT DROP AS
WITH event AS (
    SELECT cell, kind, key, nullif(wallet, '-') AS wallet
    FROM market_cell_part, unnest(string_to_array(keys, ' '), string_to_array(wallets, ' ')) AS listed (key, wallet)
    WHERE NOT is_late
    UNION ALL
    SELECT cell, kind, key, nullif(nullif(wallet, '-'), '')
    FROM late_event, generate_series(1, messages)
    WHERE counts
),
counted AS (
    SELECT cell, kind, count(DISTINCT key) AS events, count(DISTINCT wallet) AS wallets, count(*) AS messages, 0 AS earlier
    FROM event
    GROUP BY cell, kind
    UNION ALL
    SELECT cell, kind, 0, 0, 0, sum(messages)
    FROM late_event
    WHERE NOT counts
    GROUP BY cell, kind
),
price AS (
    SELECT cell, kind, min(low_raw) AS low_raw, max(high_raw) AS high_raw
    FROM (
        SELECT cell, kind, price_raw AS low_raw, price_raw AS high_raw FROM market_cell_part WHERE NOT is_late
        UNION ALL
        SELECT cell, kind, low_raw, high_raw FROM late_event WHERE counts
    ) AS offered
    GROUP BY cell, kind
)
SELECT
    cell, kind, sum(events) AS events, sum(wallets) AS wallets, sum(messages) AS messages, sum(earlier) AS earlier,
    CASE WHEN kind = 'listing' THEN min(low_raw) ELSE max(high_raw) END AS price_raw
FROM counted
LEFT JOIN price USING (cell, kind)
GROUP BY cell, kind;

-- Grain: one row per cell: distinct wallets that received a transfer or a mint. A wallet can receive both.
CREATE TEMP TABLE market_receiver ON COMMIT DROP AS
SELECT cell, count(DISTINCT nullif(wallet, '-')) AS receivers
FROM (
    SELECT cell, unnest(string_to_array(wallets, ' ')) AS wallet
    FROM market_cell_part
    WHERE kind IN ('transfer', 'mint') AND NOT is_late
    UNION ALL
    SELECT cell, wallet FROM late_event WHERE kind IN ('transfer', 'mint') AND counts
) AS received
GROUP BY cell;

DELETE FROM mart.market_hourly WHERE hour = :hour;
INSERT INTO mart.market_hourly (
    hour, chain, collection_slug, payment_token_address, payment_token_symbol, payment_token_decimals,
    listings, listers, lowest_listing_raw, item_bids, best_item_bid_raw, collection_offers, best_collection_offer_raw,
    trait_offers, best_trait_offer_raw, cancels, invalidations, revalidations, transfers, mints, burns, receivers
)
SELECT
    :hour, chain, collection_slug, payment_token_address, symbol, decimals,
    coalesce(sum(events) FILTER (WHERE kind = 'listing'), 0),
    coalesce(sum(wallets) FILTER (WHERE kind = 'listing'), 0),
    min(price_raw) FILTER (WHERE kind = 'listing'),
    coalesce(sum(events) FILTER (WHERE kind = 'item_bid'), 0),
    max(price_raw) FILTER (WHERE kind = 'item_bid'),
    coalesce(sum(events) FILTER (WHERE kind = 'collection_offer'), 0),
    max(price_raw) FILTER (WHERE kind = 'collection_offer'),
    coalesce(sum(events) FILTER (WHERE kind = 'trait_offer'), 0),
    max(price_raw) FILTER (WHERE kind = 'trait_offer'),
    coalesce(sum(events) FILTER (WHERE kind = 'cancel'), 0),
    coalesce(sum(events) FILTER (WHERE kind = 'invalidation'), 0),
    coalesce(sum(events) FILTER (WHERE kind = 'revalidation'), 0),
    coalesce(sum(events) FILTER (WHERE kind = 'transfer'), 0),
    coalesce(sum(events) FILTER (WHERE kind = 'mint'), 0),
    coalesce(sum(events) FILTER (WHERE kind = 'burn'), 0),
    coalesce(max(receivers), 0)
FROM market_count
JOIN market_cell USING (cell)
LEFT JOIN market_receiver USING (cell)
GROUP BY cell, chain, collection_slug, payment_token_address, symbol, decimals
HAVING sum(events) > 0;

DELETE FROM ops.market_count WHERE source_hour = :hour;
INSERT INTO ops.market_count (source_hour, kind, messages, counted, earlier, repeated)
SELECT :hour, kind, sum(messages + earlier), sum(events), sum(earlier), sum(messages - events)
FROM market_count
GROUP BY kind;

DELETE FROM ops.event_count WHERE source_hour = :hour AND collector = ANY (:collectors);
INSERT INTO ops.event_count (source_hour, collector, event_type, messages, loaded, rejected)
SELECT :hour, collector, event_type, messages, loaded, rejected
FROM jsonb_to_recordset(:event_counts) AS counted (collector text, event_type text, messages bigint, loaded bigint, rejected bigint);

-- Grain: one row per order that was placed, where single ones are kept, with its place among those of its collection.
DELETE FROM core.market_order WHERE source_hour = :hour;
DELETE FROM core.market_order_rest WHERE source_hour = :hour;
CREATE TEMP TABLE placed_order ON COMMIT DROP AS
WITH first AS (
    SELECT DISTINCT ON (chain, order_hash) *
    FROM order_observation
    ORDER BY chain, order_hash, received_at, collector, kind
)
SELECT *, row_number() OVER (
    PARTITION BY kind, chain, collection_slug, payment_token_address
    ORDER BY CASE kind WHEN 'listing' THEN unit_price_raw ELSE -unit_price_raw END, placed_at, order_hash
) AS place
FROM first;

INSERT INTO core.market_order (
    source_hour, kind, chain, order_hash, collection_slug, contract_address, token_id, maker, quantity, price_raw, unit_price_raw,
    payment_token_address, payment_token_symbol, payment_token_decimals, placed_at, expires_at, received_at
)
SELECT
    :hour, kind, chain, order_hash, collection_slug, contract_address, token_id, maker, quantity, price_raw, unit_price_raw,
    payment_token_address, payment_token_symbol, payment_token_decimals, placed_at, expires_at, received_at
FROM placed_order
WHERE place <= :book_depth;

INSERT INTO core.market_order_rest (source_hour, kind, chain, collection_slug, payment_token_address, orders, unit_price_raw, expires_at)
SELECT
    :hour, kind, chain, collection_slug, payment_token_address, count(*),
    CASE kind WHEN 'listing' THEN min(unit_price_raw) ELSE max(unit_price_raw) END, max(expires_at)
FROM placed_order
WHERE place > :book_depth
GROUP BY kind, chain, collection_slug, payment_token_address;

DELETE FROM core.order_revision WHERE source_hour = :hour;
INSERT INTO core.order_revision (source_hour, kind, chain, order_hash, collection_slug, revised_at, received_at)
SELECT DISTINCT ON (chain, order_hash, kind, revised_at) :hour, kind, chain, order_hash, collection_slug, revised_at, received_at
FROM revision_observation
ORDER BY chain, order_hash, kind, revised_at, received_at, collector;

DELETE FROM core.transfer WHERE source_hour = :hour;
INSERT INTO core.transfer (
    source_hour, kind, chain, contract_address, token_id, collection_slug, sender, recipient, quantity, transaction_hash,
    transferred_at, received_at
)
SELECT DISTINCT ON (transaction_hash, token_id, contract_address, chain, sender, recipient, quantity)
    :hour, kind, chain, contract_address, token_id, collection_slug, sender, recipient, quantity, transaction_hash,
    transferred_at, received_at
FROM transfer_observation
ORDER BY transaction_hash, token_id, contract_address, chain, sender, recipient, quantity, received_at, collector;
