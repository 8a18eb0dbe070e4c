-- core: one row per NFT sold in an order fill, who observed it, and the shape in which a load stages observations.

-- Hashes and addresses are hexadecimal text to people and bytes to the disk: half as long. The two functions turn one
-- into the other, exactly. What is no such text (a base58 address, whatever a message says) is kept as the bytes of the
-- text, after a zero byte where its length would be mistaken for something else.
CREATE FUNCTION core.plain_bytes(value text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN octet_length(value) IN (0, 1, 20, 32) THEN '\x00' || convert_to(value, 'UTF8')
    ELSE convert_to(value, 'UTF8')
END;

CREATE FUNCTION core.plain_text(value bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1
AS $$ BEGIN RETURN convert_from(ltrim(value, '\x00'), 'UTF8'); END $$;

CREATE FUNCTION core.to_bytes(value text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value = '0x0000000000000000000000000000000000000000' THEN '\x'
    WHEN value ~ '^0x([0-9a-f]{40}|[0-9a-f]{64})$' THEN decode(substr(value, 3), 'hex')
    ELSE core.plain_bytes(value)
END;

CREATE FUNCTION core.to_text(value bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(value) IN (20, 32) THEN '0x' || encode(value, 'hex')
    WHEN octet_length(value) = 0 THEN '0x0000000000000000000000000000000000000000'
    ELSE core.plain_text(value)
END;

-- Seller and buyer are nearly always maker and taker: then one byte says which.
CREATE FUNCTION core.party_to_bytes(party text, maker text, taker text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE party WHEN maker THEN '\x01' WHEN taker THEN '\x02' ELSE core.to_bytes(party) END;

CREATE FUNCTION core.party_to_text(party bytea, maker bytea, taker bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN core.to_text(CASE party WHEN '\x01' THEN maker WHEN '\x02' THEN taker ELSE party END);

COMMENT ON FUNCTION core.to_bytes IS 'A hash or an address as core.sale_row stores it.';
COMMENT ON FUNCTION core.to_text IS 'A hash or an address as people read it.';
COMMENT ON FUNCTION core.plain_bytes IS 'What core.to_bytes stores of a text that is no hash or address in hexadecimal.';
COMMENT ON FUNCTION core.plain_text IS 'The text that core.plain_bytes stored.';
COMMENT ON FUNCTION core.party_to_bytes IS 'Seller or buyer as core.sale_row stores it: one byte where it is maker or taker.';
COMMENT ON FUNCTION core.party_to_text IS 'Seller or buyer as people read it.';

CREATE TABLE core.sale_row (
    sale_uid               uuid           PRIMARY KEY,
    fill                   smallint       NOT NULL DEFAULT 1 CHECK (fill > 0),
    payload_hash           bigint         NOT NULL DEFAULT 0,
    sold_at                timestamptz    NOT NULL,
    sold_at_source         text           NOT NULL CHECK (sold_at_source IN ('transaction', 'closing', 'event')),
    event_at               timestamptz,
    sent_at                timestamptz,
    received_at            timestamptz    NOT NULL,
    chain                  text           NOT NULL,
    transaction_hash       bytea          NOT NULL,
    order_hash             bytea,
    collection_slug        text,
    contract_address       bytea          NOT NULL,
    token_id               text           NOT NULL,
    nft_name               text,
    token_standard         text,
    maker                  bytea,
    taker                  bytea,
    seller                 bytea,
    buyer                  bytea,
    side                   text           NOT NULL CHECK (side IN ('listing', 'offer', 'unknown')),
    side_source            text           NOT NULL CHECK (side_source IN ('order', 'payment_token', 'events_api', 'none')),
    quantity               numeric(78, 0) CHECK (quantity >= 0),
    price_raw              numeric(78, 0) CHECK (price_raw >= 0),
    payment_token_address  bytea,
    payment_token_symbol   text,
    payment_token_decimals smallint       CHECK (payment_token_decimals BETWEEN 0 AND 77),
    price                  numeric,
    unit_price             numeric,
    usd_rate               numeric,
    eth_rate               numeric,
    price_usd              numeric,
    price_eth              numeric,
    marketplace_fee_raw    numeric(78, 0),
    royalty_raw            numeric(78, 0),
    other_fee_raw          numeric(78, 0),
    fees                   jsonb,
    is_private             boolean,
    is_replayed            boolean        NOT NULL,
    source                 text           NOT NULL CHECK (source IN ('stream', 'events_api')),
    source_hour            timestamptz    NOT NULL,
    loaded_at              timestamptz    NOT NULL DEFAULT now(),
    first_collector        text           NOT NULL,
    first_load_id          bigint         NOT NULL
);

CREATE VIEW core.sale AS
SELECT
    sale_uid, fill, payload_hash, sold_at, sold_at_source, event_at, sent_at, received_at, chain,
    core.to_text(transaction_hash) AS transaction_hash, core.to_text(order_hash) AS order_hash, collection_slug,
    core.to_text(contract_address) AS contract_address, token_id, nft_name, token_standard,
    core.to_text(maker) AS maker, core.to_text(taker) AS taker, core.party_to_text(seller, maker, taker) AS seller,
    core.party_to_text(buyer, maker, taker) AS buyer, side, side_source, quantity, price_raw,
    core.to_text(payment_token_address) AS payment_token_address, payment_token_symbol, payment_token_decimals,
    price, unit_price, usd_rate, eth_rate, price_usd, price_eth, marketplace_fee_raw, royalty_raw, other_fee_raw,
    fees, is_private, is_replayed, source, source_hour, loaded_at, first_collector, first_load_id
FROM core.sale_row;

CREATE FUNCTION core.packed(sale core.sale) RETURNS SETOF core.sale_row
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
SELECT
    sale.sale_uid, sale.fill, sale.payload_hash, sale.sold_at, sale.sold_at_source, sale.event_at,
    sale.sent_at, sale.received_at, sale.chain, core.to_bytes(sale.transaction_hash),
    core.to_bytes(sale.order_hash), sale.collection_slug, core.to_bytes(sale.contract_address), sale.token_id,
    sale.nft_name, sale.token_standard, core.to_bytes(sale.maker), core.to_bytes(sale.taker),
    core.party_to_bytes(sale.seller, sale.maker, sale.taker),
    core.party_to_bytes(sale.buyer, sale.maker, sale.taker), sale.side, sale.side_source, sale.quantity,
    sale.price_raw, core.to_bytes(sale.payment_token_address), sale.payment_token_symbol,
    sale.payment_token_decimals, sale.price, sale.unit_price, sale.usd_rate, sale.eth_rate, sale.price_usd,
    sale.price_eth, sale.marketplace_fee_raw, sale.royalty_raw, sale.other_fee_raw, sale.fees, sale.is_private,
    sale.is_replayed, sale.source, sale.source_hour, sale.loaded_at, sale.first_collector, sale.first_load_id;
END;
COMMENT ON FUNCTION core.packed IS 'A row of core.sale as core.sale_row stores it.';
REVOKE ALL ON FUNCTION core.plain_bytes, core.plain_text, core.to_bytes, core.to_text, core.party_to_bytes, core.party_to_text,
    core.packed FROM PUBLIC;

CREATE INDEX sale_sold_at ON core.sale_row (sold_at);
CREATE INDEX sale_collection ON core.sale_row (collection_slug, sold_at);
CREATE INDEX sale_transaction ON core.sale_row USING hash (core.to_text(transaction_hash));
CREATE INDEX sale_token ON core.sale_row (core.to_text(contract_address), token_id);
CREATE INDEX sale_source_hour ON core.sale_row (source_hour);
-- Wallets alone: a B-tree keeps equal keys once, so these are smaller and quicker to write than with a time beside
-- each. For a wallet's sales of some days PostgreSQL combines them with sale_sold_at.
CREATE INDEX sale_buyer ON core.sale_row (core.party_to_text(buyer, maker, taker));
CREATE INDEX sale_seller ON core.sale_row (core.party_to_text(seller, maker, taker));

-- The planner cannot know how many days an expression yields; with this, daily questions add up while they read
-- instead of sorting.
CREATE STATISTICS core.sale_day ON ((sold_at AT TIME ZONE 'UTC')::date) FROM core.sale_row;
COMMENT ON STATISTICS core.sale_day IS 'How many UTC days the sales of core.sale fall on.';

CREATE FUNCTION ops.is_vague(order_hash text, quantity numeric, maker text, taker text, seller text, buyer text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN order_hash IS NULL OR quantity IS NULL OR CASE
    WHEN seller IS NULL AND buyer IS NULL THEN maker IS NULL OR taker IS NULL
    ELSE seller IS NULL OR buyer IS NULL
END;
COMMENT ON FUNCTION ops.is_vague IS
    'Whether an observation lacks a value that identifies a sale, so that another key may be the same sale.';
REVOKE ALL ON FUNCTION ops.is_vague FROM PUBLIC;
CREATE INDEX sale_vague ON core.sale_row (core.to_text(transaction_hash)) WHERE ops.is_vague(
    encode(order_hash, 'hex'), quantity, encode(maker, 'hex'), encode(taker, 'hex'), encode(seller, 'hex'), encode(buyer, 'hex')
);

COMMENT ON VIEW core.sale IS
    'One row per NFT sold in an order fill. Of several observations of a sale it holds the one of the highest '
    'precedence: stream before Events API, then the earliest by sent_at, received_at, collector.';
COMMENT ON COLUMN core.sale.sale_uid IS
    'Key of the observation in this row: the first 16 bytes of a SHA-256 of what identifies the sale, as '
    'docs/sales.md explains.';
COMMENT ON COLUMN core.sale.fill IS
    'n for the n-th of equal sales of one answer of the Events API: an order filled several times in a transaction. '
    'Else 1.';
COMMENT ON COLUMN core.sale.payload_hash IS
    'Hash of the reported values: equal where the same version of Tidemark read the same values.';
COMMENT ON COLUMN core.sale.sold_at IS
    'When it was sold, UTC: time of the transaction, else closing time, else time of the event.';
COMMENT ON COLUMN core.sale.sold_at_source IS 'Which of the three sold_at is: transaction, closing or event.';
COMMENT ON COLUMN core.sale.event_at IS
    'The message''s own event time; a message that is broadcast again carries a later one.';
COMMENT ON COLUMN core.sale.sent_at IS 'When the server sent the message.';
COMMENT ON COLUMN core.sale.received_at IS 'When the collector received the message, by the collector''s clock.';
COMMENT ON COLUMN core.sale.chain IS 'Chain in lower case; matic is written polygon.';
COMMENT ON COLUMN core.sale.transaction_hash IS
    'Hash of the transaction, lower case on EVM chains. One transaction can hold many sales.';
COMMENT ON COLUMN core.sale.order_hash IS
    'Hash of the order that was filled; NULL where the message has none. One order can be filled several times.';
COMMENT ON COLUMN core.sale.collection_slug IS 'OpenSea''s name of the collection.';
COMMENT ON COLUMN core.sale.contract_address IS 'Contract of the NFT, lower case on EVM chains.';
COMMENT ON COLUMN core.sale.token_id IS 'Token id as text: up to 78 digits, on some chains not a number.';
COMMENT ON COLUMN core.sale.nft_name IS 'Name of the NFT at the time of the message.';
COMMENT ON COLUMN core.sale.token_standard IS
    'Standard of the token: erc721 is one of a kind, erc1155 an edition of many; NULL where unknown.';
COMMENT ON COLUMN core.sale.maker IS
    'Who made the order: as the stream says, or as follows from the side of a sale of the Events API; NULL where '
    'unknown.';
COMMENT ON COLUMN core.sale.taker IS
    'Who filled the order: as the stream says, or as follows from the side of a sale of the Events API; NULL where '
    'unknown.';
COMMENT ON COLUMN core.sale.seller IS 'Who gave the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN core.sale.buyer IS 'Who received the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN core.sale.side IS
    'listing: the maker sold; offer: the maker bought; unknown: the message does not show it.';
COMMENT ON COLUMN core.sale.side_source IS
    'What side was read from: the order''s own data, the payment token, the Events API, or nothing.';
COMMENT ON COLUMN core.sale.quantity IS
    'How many units of the token were sold; more than 1 only for semi-fungible tokens. NULL where unknown.';
COMMENT ON COLUMN core.sale.price_raw IS
    'Total price in base units of the payment token, such as wei. Exact. NULL where unknown, never 0 for unknown.';
COMMENT ON COLUMN core.sale.payment_token_address IS
    'Contract of the payment token; the zero address is the chain''s own coin.';
COMMENT ON COLUMN core.sale.payment_token_symbol IS 'Symbol of the payment token, as received.';
COMMENT ON COLUMN core.sale.payment_token_decimals IS 'How many decimals of the payment token price_raw counts.';
COMMENT ON COLUMN core.sale.price IS 'Total price in whole payment tokens: price_raw / 10^decimals, exact.';
COMMENT ON COLUMN core.sale.unit_price IS 'price / quantity; NULL where that is unknown or has no exact decimal form.';
COMMENT ON COLUMN core.sale.usd_rate IS
    'US dollars for one payment token, as the message said at that moment; NULL where it did not.';
COMMENT ON COLUMN core.sale.eth_rate IS
    'ETH for one payment token, as the message said at that moment; NULL where it did not.';
COMMENT ON COLUMN core.sale.price_usd IS 'price * usd_rate.';
COMMENT ON COLUMN core.sale.price_eth IS 'price * eth_rate.';
COMMENT ON COLUMN core.sale.marketplace_fee_raw IS
    'What the marketplace received, in base units of the payment token, by core.fee_recipient; NULL where the order '
    'does not show it.';
COMMENT ON COLUMN core.sale.royalty_raw IS
    'What creators received, in base units of the payment token; NULL where the order does not show it.';
COMMENT ON COLUMN core.sale.other_fee_raw IS
    'What others received, in base units of the payment token: unknown recipients of a collection that usually pays '
    'another one. NULL where the order does not show it.';
COMMENT ON COLUMN core.sale.fees IS
    'Who else was paid: a list of {recipient, amount_raw}, amounts as text in base units; NULL where the order does not'
    ' show it. mart.sale_fees has them as rows, each with its kind.';
COMMENT ON COLUMN core.sale.is_private IS 'Whether the order was for one buyer only.';
COMMENT ON COLUMN core.sale.is_replayed IS
    'Whether the message was sent long after the sale: a broadcast of old sales.';
COMMENT ON COLUMN core.sale.source IS 'stream, or events_api for a sale fetched later because the stream missed it.';
COMMENT ON COLUMN core.sale.source_hour IS 'The hour of the archive that this row was read from.';
COMMENT ON COLUMN core.sale.loaded_at IS 'When the transaction that wrote this row began.';
COMMENT ON COLUMN core.sale.first_collector IS 'The collector whose observation this row holds.';
COMMENT ON COLUMN core.sale.first_load_id IS 'The load that wrote this row: ops.load_run.load_id.';

COMMENT ON TABLE core.sale_row IS
    'One row per sale, as the disk has it: core.sale shows it with hashes and addresses as text. Only loads read it.';
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT attname, col_description(attrelid, attnum) AS said
        FROM pg_attribute
        WHERE attrelid = 'core.sale'::regclass AND attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN core.sale_row.%I IS %L', each.attname, each.said);
    END LOOP;
END
$$;

CREATE TABLE core.fee_recipient (
    recipient text        NOT NULL CHECK (recipient NOT ILIKE '0x%' OR recipient = lower(recipient)),
    chain     text        NOT NULL CHECK (chain = lower(chain) AND chain <> 'matic'),
    from_at   timestamptz NOT NULL DEFAULT '-infinity',
    kind      text        NOT NULL CHECK (kind IN ('marketplace', 'royalty', 'other')),
    name      text        NOT NULL,
    PRIMARY KEY (recipient, chain, from_at)
);

INSERT INTO core.fee_recipient (recipient, chain, from_at, kind, name) VALUES
    ('0x0000a26b00c1f0df003000390027140000faa719', '*', '-infinity', 'marketplace', 'OpenSea'),
    ('0x8de9c5a032463c561423387a9648c5c7bcc5bc90', '*', '-infinity', 'marketplace', 'OpenSea, first months of Seaport'),
    ('0x5b3256965e7c3cf26e11fcaf296dfc8807c01073', '*', '-infinity', 'marketplace', 'OpenSea, before Seaport'),
    ('0x61461e094c04884217c6a4e897409626231aacc8', 'ronin', '2025-05-01Z', 'marketplace', 'OpenSea''s fee on Ronin, second part'),
    ('0x22cefc91e9b7c0f3890ebf9527ea89053490694e', 'ronin', '2025-05-01Z', 'marketplace', 'OpenSea''s fee on Ronin, third part'),
    ('0xd9f68d28e451a83affdb7c71cc2c20552555b07f', 'gunzilla', '-infinity', 'marketplace', 'OpenSea on Gunzilla'),
    ('0xdfe1593dca6ad8a20eeb418643e48577c1626f7c', 'somnia', '-infinity', 'marketplace', 'OpenSea on Somnia'),
    ('0x07d3a100c3880830dd43fe5c938b5144721ce9d6', 'megaeth', '-infinity', 'marketplace', 'OpenSea on MegaETH');

COMMENT ON TABLE core.fee_recipient IS
    'One row per recipient of fees, chain and time from which on its kind is known. After a change run tidemark fees, '
    'which classifies the loaded sales again.';
COMMENT ON COLUMN core.fee_recipient.recipient IS 'The address, lower case on EVM chains.';
COMMENT ON COLUMN core.fee_recipient.chain IS 'The chain, as in core.sale; * is every chain without a row of its own.';
COMMENT ON COLUMN core.fee_recipient.from_at IS 'From which time of sale on it holds; -infinity is always.';
COMMENT ON COLUMN core.fee_recipient.kind IS 'Whose fee it is: marketplace, royalty (a creator''s) or other.';
COMMENT ON COLUMN core.fee_recipient.name IS 'Who it is, for people.';

CREATE FUNCTION core.fee_kind(chain text, recipient text, sold_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT known.kind
    FROM core.fee_recipient AS known
    WHERE known.recipient = fee_kind.recipient AND known.chain IN (fee_kind.chain, '*') AND known.from_at <= fee_kind.sold_at
    ORDER BY known.chain = '*', known.from_at DESC
    LIMIT 1;
END;
COMMENT ON FUNCTION core.fee_kind IS 'The kind of a fee by core.fee_recipient; NULL where its recipient is not known.';

REVOKE ALL ON FUNCTION core.fee_kind FROM PUBLIC;

CREATE TABLE core.sale_sighting (
    sale_uid          uuid        NOT NULL,
    source_hour       timestamptz NOT NULL,
    collector         text        NOT NULL,
    observations      integer     NOT NULL CHECK (observations > 0),
    first_received_at timestamptz NOT NULL,
    PRIMARY KEY (source_hour, sale_uid, collector)  -- the hour first: what a load writes lies together at the end
);

-- A list of the Events API has each sale once: which lists have a key tells whether two keys can be one sale.
CREATE INDEX sale_sighting_listed ON core.sale_sighting (sale_uid) WHERE collector LIKE 'events-api-%';

COMMENT ON TABLE core.sale_sighting IS
    'One row per sale, hour and collector that observed it: how complete each collector is. The hour comes first in '
    'its key: to look up one sale, name its source_hour as well.';
COMMENT ON COLUMN core.sale_sighting.sale_uid IS 'The sale: core.sale.sale_uid.';
COMMENT ON COLUMN core.sale_sighting.source_hour IS 'The hour of the archive in which it was observed.';
COMMENT ON COLUMN core.sale_sighting.collector IS 'The collector that observed it.';
COMMENT ON COLUMN core.sale_sighting.observations IS 'How many messages of this hour by this collector report it.';
COMMENT ON COLUMN core.sale_sighting.first_received_at IS 'When the first of them was received.';

CREATE TABLE core.sale_superseded (
    same_as uuid NOT NULL,
    LIKE core.sale_row INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS,
    PRIMARY KEY (sale_uid)
);
ALTER TABLE core.sale_superseded
    ALTER transaction_hash TYPE text USING NULL, ALTER order_hash TYPE text USING NULL,
    ALTER contract_address TYPE text USING NULL, ALTER maker TYPE text USING NULL, ALTER taker TYPE text USING NULL,
    ALTER seller TYPE text USING NULL, ALTER buyer TYPE text USING NULL, ALTER payment_token_address TYPE text USING NULL;
CREATE INDEX sale_superseded_transaction ON core.sale_superseded (transaction_hash);
COMMENT ON TABLE core.sale_superseded IS
    'One row per key that is the sale of another key, because an observation lacked a value such as the order hash. It '
    'is not part of core.sale.';
COMMENT ON COLUMN core.sale_superseded.same_as IS 'The sale that it is: core.sale.sale_uid.';

CREATE TABLE staging.sale_observation (
    observation  bigint  NOT NULL,
    file         integer NOT NULL,
    collector    text    NOT NULL,
    LIKE core.sale_superseded INCLUDING COMMENTS
);

ALTER TABLE staging.sale_observation
    DROP COLUMN same_as, DROP COLUMN source_hour, DROP COLUMN loaded_at, DROP COLUMN first_collector, DROP COLUMN first_load_id,
    DROP COLUMN marketplace_fee_raw, DROP COLUMN royalty_raw, DROP COLUMN other_fee_raw;

COMMENT ON TABLE staging.sale_observation IS 'One row per record line that reports a sale, as read from the archive.';
COMMENT ON COLUMN staging.sale_observation.observation IS
    'Number of the line within the load: it grows in order of file and line.';
COMMENT ON COLUMN staging.sale_observation.file IS 'The object that holds it: ops.load_file.file.';
COMMENT ON COLUMN staging.sale_observation.collector IS 'The collector that received it.';
