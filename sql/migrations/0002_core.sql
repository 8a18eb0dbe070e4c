-- core: one row per NFT sold in an order fill, who observed it, and the shape in which a load stages observations.

CREATE TABLE core.sale (
    sale_uid               uuid           PRIMARY KEY,
    fill                   smallint       NOT NULL DEFAULT 1 CHECK (fill > 0),
    payload_hash           bigint         NOT NULL DEFAULT 0,
    sold_at                timestamptz    NOT NULL,
    sold_at_source         text           NOT NULL CHECK (sold_at_source IN ('transaction', 'closing', 'event')),
    event_at               timestamptz,
    sent_at                timestamptz,
    received_at            timestamptz    NOT NULL,
    chain                  text           NOT NULL,
    transaction_hash       text           NOT NULL,
    order_hash             text,
    collection_slug        text,
    contract_address       text           NOT NULL,
    token_id               text           NOT NULL,
    nft_name               text,
    token_standard         text,
    maker                  text,
    taker                  text,
    seller                 text,
    buyer                  text,
    side                   text           NOT NULL CHECK (side IN ('listing', 'offer', 'unknown')),
    side_source            text           NOT NULL CHECK (side_source IN ('order', 'payment_token', 'events_api', 'none')),
    quantity               numeric(78, 0) CHECK (quantity >= 0),
    price_raw              numeric(78, 0) CHECK (price_raw >= 0),
    payment_token_address  text,
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

CREATE INDEX sale_sold_at ON core.sale (sold_at);
CREATE INDEX sale_collection ON core.sale (collection_slug, sold_at);
CREATE INDEX sale_transaction ON core.sale USING hash (transaction_hash);
CREATE INDEX sale_token ON core.sale (contract_address, token_id);
CREATE INDEX sale_source_hour ON core.sale (source_hour);
-- Wallets alone: a B-tree keeps equal keys once, so these are smaller and quicker to write than with a time beside
-- each. For a wallet's sales of some days PostgreSQL combines them with sale_sold_at.
CREATE INDEX sale_buyer ON core.sale (buyer);
CREATE INDEX sale_seller ON core.sale (seller);

-- The planner cannot know how many days an expression yields; with this, daily questions add up while they read
-- instead of sorting.
CREATE STATISTICS core.sale_day ON ((sold_at AT TIME ZONE 'UTC')::date) FROM core.sale;
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
CREATE INDEX sale_vague ON core.sale (transaction_hash) WHERE ops.is_vague(order_hash, quantity, maker, taker, seller, buyer);

COMMENT ON TABLE core.sale IS
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
    LIKE core.sale INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS,
    PRIMARY KEY (sale_uid)
);
CREATE INDEX sale_superseded_transaction ON core.sale_superseded (transaction_hash);
COMMENT ON TABLE core.sale_superseded IS
    'One row per key that is the sale of another key, because an observation lacked a value such as the order hash. It '
    'is not part of core.sale.';
COMMENT ON COLUMN core.sale_superseded.same_as IS 'The sale that it is: core.sale.sale_uid.';

CREATE TABLE staging.sale_observation (
    observation  bigint  NOT NULL,
    file         integer NOT NULL,
    collector    text    NOT NULL,
    LIKE core.sale INCLUDING COMMENTS
);

ALTER TABLE staging.sale_observation
    DROP COLUMN source_hour, DROP COLUMN loaded_at, DROP COLUMN first_collector, DROP COLUMN first_load_id,
    DROP COLUMN marketplace_fee_raw, DROP COLUMN royalty_raw, DROP COLUMN other_fee_raw;

COMMENT ON TABLE staging.sale_observation IS 'One row per record line that reports a sale, as read from the archive.';
COMMENT ON COLUMN staging.sale_observation.observation IS
    'Number of the line within the load: it grows in order of file and line.';
COMMENT ON COLUMN staging.sale_observation.file IS 'The object that holds it: ops.load_file.file.';
COMMENT ON COLUMN staging.sale_observation.collector IS 'The collector that received it.';
