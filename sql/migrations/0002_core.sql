-- core: one row per NFT sold in an order fill, who observed it, and the shape in which a load stages observations.

-- Hashes and addresses are hexadecimal text to people and bytes to the disk: half as long. The two functions turn one
-- into the other, exactly. What is no such text (a base58 address, whatever a message says) is kept as the bytes of the
-- text, after a zero byte where its length would be mistaken for something else. A counted repetition in the pattern
-- would take ten times as long, for a state of each count.
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
    WHEN octet_length(value) IN (42, 66) AND value ~ '^0x[0-9a-f]*$' THEN decode(substr(value, 3), 'hex')
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

-- Words that messages repeat are one character to the disk, by their place in this list, which begins with the most
-- frequent ones: they are found soonest. Words may be added at its end; others are kept as they are, after a space where
-- they would be mistaken for something else.
CREATE FUNCTION core.known_words() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    'ETH', 'ethereum', 'listing', 'order', 'stream', 'erc721', 'transaction', 'collector-a', 'collector-b', 'base', 'WETH',
    'offer', 'erc1155', 'payment_token', 'USDC', 'polygon', 'events_api', 'unknown', 'none', 'closing', 'event', 'solana',
    'abstract', 'ape_chain', 'arbitrum', 'avalanche', 'b3', 'bera_chain', 'blast', 'flow', 'gunzilla', 'hyperevm', 'megaeth',
    'monad', 'optimism', 'ronin', 'sei', 'shape', 'somnia', 'soneium', 'unichain', 'zora', 'POL', 'MATIC', 'WPOL', 'APE',
    'WAPE', 'SOL', 'DAI', 'RON', 'WRON', 'tidemark-collector-0', 'tidemark-collector-1'
];

CREATE FUNCTION core.word_to_code(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    chr(32 + array_position(core.known_words(), word)),
    CASE WHEN octet_length(word) = 1 OR starts_with(word, ' ') THEN ' ' || word ELSE word END
);

CREATE FUNCTION core.code_to_word(code text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(code) = 1 THEN (core.known_words())[ascii(code) - 32]
    WHEN starts_with(code, ' ') THEN substr(code, 2)
    ELSE code
END;

-- Addresses that many sales share, payment tokens and recipients of fees: one byte, by their place in this list.
CREATE FUNCTION core.codes(VARIADIC words text[]) RETURNS "char"[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT core.word_to_code(word)::"char" FROM unnest(words) AS word);

CREATE FUNCTION core.known_addresses() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    '0x0000000000000000000000000000000000000000', '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2',
    '0x4200000000000000000000000000000000000006', '0x0000a26b00c1f0df003000390027140000faa719',
    '0x8de9c5a032463c561423387a9648c5c7bcc5bc90', '0x5b3256965e7c3cf26e11fcaf296dfc8807c01073',
    '0x7ceb23fd6bc0add59e62ac25578270cff1b9f619', '0x0d500b1d8e8ef31e21c99d1db9a6444d3adf1270',
    '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913',
    '0x48b62137edfa95a428d35c09e44256a739f6b557', '0x82af49447d8a07e3bd95bd0d56f35241523fbab1',
    '0x3439153eb7af838ad19d56e1571fbd09333c2809', '0x6b175474e89094c44da98b954eedeac495271d0f'
];

CREATE FUNCTION core.known_to_bytes(address text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    set_byte('\x00', 0, array_position(core.known_addresses(), address)),
    core.to_bytes(address)
);

CREATE FUNCTION core.known_to_text(address bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(address) = 1 AND address <> '\x00' THEN (core.known_addresses())[get_byte(address, 0)]
    ELSE core.to_text(address)
END;

-- Where most sales have one value, that is stored as NULL; what is unknown is stored as a value that none can have.
CREATE FUNCTION core.usual_to_null(value anycompatible, usual anycompatible, unknown anycompatible) RETURNS anycompatible
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT nullif(coalesce(value, unknown), usual) $$;

CREATE FUNCTION core.null_to_usual(stored anycompatible, usual anycompatible, unknown anycompatible) RETURNS anycompatible
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT nullif(coalesce(stored, usual), unknown) $$;

-- A moment as microseconds after another one, where that is half an hour at most; else NULL.
CREATE FUNCTION core.microseconds_after(base timestamptz, moment timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN moment - base BETWEEN interval '-30 min' AND interval '30 min' THEN (1000000 * extract(epoch FROM moment - base))::integer
END;

-- The share that an amount is of a price, in hundredths of a percent and rounded down; NULL where it is no such share.
CREATE FUNCTION core.share_of(amount numeric, price_raw numeric) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (CASE
    WHEN round(10000 * amount / nullif(price_raw, 0)) BETWEEN 0 AND 32767
        AND div(round(10000 * amount / nullif(price_raw, 0)) * price_raw, 10000) = amount
    THEN round(10000 * amount / nullif(price_raw, 0))
END)::smallint;

CREATE FUNCTION core.share_to_amount(share smallint, price_raw numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN div(share * price_raw, 10000);

-- One fee: its recipient and its amount, each after one byte. The recipient is the byte 255 where the kind of the NFT names
-- it. The amount is two bytes where it is a share of the price; else its digits.
CREATE FUNCTION core.fee_to_bytes(recipient bytea, amount numeric, price_raw numeric) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN set_byte('\x00', 0, octet_length(recipient)) || recipient || coalesce(
    '\x02' || int2send(core.share_of(amount, price_raw)),
    set_byte('\x00', 0, 10 + length(amount::text)) || decode(amount::text, 'escape')
);

CREATE FUNCTION core.fees_to_bytes(fees jsonb, price_raw numeric, fee_recipient text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a list of another shape, which no load writes, is kept as its text
    SELECT CASE
        WHEN fees IS NULL THEN NULL
        WHEN jsonb_typeof(fees) = 'array' AND fees = coalesce(jsonb_agg(
            jsonb_build_object('recipient', recipient, 'amount_raw', amount::text) ORDER BY place
        ), '[]') AND coalesce(max(octet_length(core.known_to_bytes(recipient))), 0) < 255
        THEN coalesce(string_agg(core.fee_to_bytes(
            CASE recipient WHEN fee_recipient THEN '\xff' ELSE core.known_to_bytes(recipient) END,
            amount, price_raw
        ), '' ORDER BY place), '')
        ELSE '\xff' || convert_to(fees::text, 'UTF8')
    END
    FROM (
        SELECT
            place, fee ->> 'recipient' AS recipient,
            CASE WHEN fee ->> 'amount_raw' ~ '^[0-9]{1,78}$' THEN (fee ->> 'amount_raw')::numeric END AS amount
        FROM jsonb_array_elements(CASE jsonb_typeof(fees) WHEN 'array' THEN fees END) WITH ORDINALITY AS listed (fee, place)
    ) AS paid;
END;

CREATE FUNCTION core.fees_to_json(fees bytea, price_raw numeric, fee_recipient text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    ends constant integer := octet_length(fees);
    place integer := 0;
    size integer;
    recipient text;
    amount text;
    found text[] := '{}';
BEGIN
    IF fees IS NULL THEN
        RETURN NULL;
    ELSIF ends > 0 AND get_byte(fees, 0) = 255 THEN
        RETURN convert_from(substr(fees, 2), 'UTF8')::jsonb;
    END IF;
    WHILE place < ends LOOP
        size := get_byte(fees, place);
        recipient := CASE substr(fees, place + 2, size)
            WHEN '\xff' THEN fee_recipient ELSE core.known_to_text(substr(fees, place + 2, size))
        END;
        place := place + 1 + size;
        size := get_byte(fees, place);
        IF size = 2 THEN
            amount := div(price_raw * (256 * get_byte(fees, place + 1) + get_byte(fees, place + 2)), 10000)::text;
        ELSE
            size := size - 10;
            amount := convert_from(substr(fees, place + 2, size), 'UTF8');
        END IF;
        place := place + 1 + size;
        found := found || format('{"recipient": %s, "amount_raw": "%s"}', to_json(recipient), amount);
    END LOOP;
    RETURN ('[' || array_to_string(found, ',') || ']')::jsonb;
END
$$;

CREATE FUNCTION core.decimals(stored smallint) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN core.null_to_usual(stored, 18::smallint, (-1)::smallint);

-- Total price in whole tokens, without zeros at its end.
CREATE FUNCTION core.in_tokens(price_raw numeric, decimals smallint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(price_raw * CASE decimals WHEN 18 THEN 0.000000000000000001 ELSE ('1e-' || decimals::text)::numeric END);

COMMENT ON FUNCTION core.known_words IS 'Words that core.sale_row stores as one character.';
COMMENT ON FUNCTION core.word_to_code IS 'A word as core.sale_row stores it.';
COMMENT ON FUNCTION core.code_to_word IS 'A word as people read it.';
COMMENT ON FUNCTION core.codes IS 'Some of the known words as core.sale_row stores them.';
COMMENT ON FUNCTION core.known_addresses IS 'Payment tokens and recipients of fees that core.sale_row stores as one byte.';
COMMENT ON FUNCTION core.known_to_bytes IS 'A payment token or a recipient of fees as core.sale_row stores it.';
COMMENT ON FUNCTION core.known_to_text IS 'A payment token or a recipient of fees as people read it.';
COMMENT ON FUNCTION core.usual_to_null IS 'How core.sale_row stores a value of which most sales have the usual one: as NULL.';
COMMENT ON FUNCTION core.null_to_usual IS 'The value that core.usual_to_null stored.';
COMMENT ON FUNCTION core.microseconds_after IS 'How core.sale_row stores a moment that is near another one; NULL where it is not.';
COMMENT ON FUNCTION core.share_of IS 'How core.sale_row stores an amount that is a share of the price; NULL where it is not.';
COMMENT ON FUNCTION core.share_to_amount IS 'The amount of which core.share_of is the share.';
COMMENT ON FUNCTION core.fee_to_bytes IS 'One fee as core.sale_row stores it.';
COMMENT ON FUNCTION core.fees_to_bytes IS 'The fees of a sale as core.sale_row stores them.';
COMMENT ON FUNCTION core.fees_to_json IS 'The fees of a sale as people read them.';
COMMENT ON FUNCTION core.decimals IS 'The decimals of a payment token as people read them.';
COMMENT ON FUNCTION core.in_tokens IS 'An amount in base units as whole tokens, exact.';

-- What many sales repeat, all of it together: the contract, the token standard, how names begin that end with the token's
-- id, and who is paid beside the seller and OpenSea. The key is a hash of these, so a load knows it without asking, and
-- two loads give the same one. The salt is there so that nobody can make two kinds on purpose that share a key.
CREATE TABLE core.nft_kind (
    nft_kind         bigint           PRIMARY KEY,
    contract_address text COLLATE "C" NOT NULL,
    token_standard   text COLLATE "C",
    name_prefix      text COLLATE "C",
    fee_recipient    text COLLATE "C"
);
CREATE INDEX nft_kind_contract ON core.nft_kind (contract_address);
CREATE TABLE core.nft_kind_salt (salt uuid NOT NULL);
CREATE UNIQUE INDEX nft_kind_salt_once ON core.nft_kind_salt ((true));
INSERT INTO core.nft_kind_salt VALUES (gen_random_uuid());

CREATE FUNCTION core.fee_recipient_of(fees jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT fee ->> 'recipient'
    FROM jsonb_array_elements(CASE jsonb_typeof(fees) WHEN 'array' THEN fees END) WITH ORDINALITY AS listed (fee, place)
    WHERE octet_length(fee ->> 'recipient') BETWEEN 20 AND 100 AND (fee ->> 'recipient') <> ALL (core.known_addresses())
    ORDER BY place
    LIMIT 1;
END;

-- Each text after its length in bytes, so that no two lists of texts look alike.
CREATE FUNCTION core.kind_key(
    contract_address text, token_standard text, name_prefix text, fee_recipient text
) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ('x' || encode(substr(sha256(uuid_send(salt) || convert_to(string_agg(
        coalesce(octet_length(part) || ':' || part, '-'), '' ORDER BY place
    ), 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
    FROM core.nft_kind_salt,
        unnest(ARRAY[contract_address, token_standard, name_prefix, fee_recipient]) WITH ORDINALITY AS each (part, place)
    GROUP BY salt;
END;

COMMENT ON TABLE core.nft_kind IS
    'One row per kind of NFT: what the sales of a contract repeat. core.sale shows it with each sale.';
COMMENT ON COLUMN core.nft_kind.nft_kind IS 'Key: a hash of the other columns, core.kind_key.';
COMMENT ON COLUMN core.nft_kind.contract_address IS 'Contract of the NFT, lower case on EVM chains.';
COMMENT ON COLUMN core.nft_kind.token_standard IS 'As in core.sale.';
COMMENT ON COLUMN core.nft_kind.name_prefix IS
    'What stands before the token id in the NFT''s name; NULL where the name is unknown or does not end with the token id.';
COMMENT ON COLUMN core.nft_kind.fee_recipient IS
    'The first recipient of a fee that is not in core.known_addresses; NULL where there is none.';
COMMENT ON TABLE core.nft_kind_salt IS 'One row per warehouse: what makes the keys of core.nft_kind unpredictable.';
COMMENT ON COLUMN core.nft_kind_salt.salt IS 'Random; never changes.';
COMMENT ON FUNCTION core.fee_recipient_of IS 'Which recipient of its fees the kind of a sale''s NFT names.';
COMMENT ON FUNCTION core.kind_key IS 'The key of a kind of NFT.';
REVOKE ALL ON FUNCTION core.fee_recipient_of, core.kind_key FROM PUBLIC;

-- Columns of fixed length first, the longest of them first, so that none is padded. What follows from other columns is not
-- stored: prices, moments near another one, the hour in which the row was received. Each month of hours is a table with
-- indexes of its own, so that a load of any year works on the indexes of a month.
CREATE TABLE core.sale_row (
    sale_uid               uuid             NOT NULL,
    payload_hash           bigint           NOT NULL DEFAULT 0,
    nft_kind               bigint           NOT NULL,
    sold_at                timestamptz      NOT NULL,
    received_at            timestamptz      NOT NULL,
    loaded_at              timestamptz      NOT NULL DEFAULT now(),
    event_at               timestamptz      CHECK (event_at IS NULL OR event_after IS NULL),
    sent_at                timestamptz      CHECK (sent_at IS NULL OR sent_after IS NULL),
    source_hour            timestamptz,
    first_load_id          integer          NOT NULL,
    sent_after             integer,
    event_after            integer          CHECK (event_after <> 0),
    marketplace_share      smallint,
    royalty_share          smallint,
    other_share            smallint,
    is_private             boolean,
    is_replayed            boolean          NOT NULL,
    sold_at_source         "char"           NOT NULL CHECK (sold_at_source = ANY (core.codes('transaction', 'closing', 'event'))),
    side                   "char"           NOT NULL CHECK (side = ANY (core.codes('listing', 'offer', 'unknown'))),
    side_source            "char"           NOT NULL
        CHECK (side_source = ANY (core.codes('order', 'payment_token', 'events_api', 'none'))),
    source                 "char"           NOT NULL CHECK (source = ANY (core.codes('stream', 'events_api'))),
    chain                  text COLLATE "C" NOT NULL,
    first_collector        text COLLATE "C" NOT NULL,
    quantity               numeric(78, 0)   CHECK (quantity >= -1 AND quantity <> 1),
    transaction_hash       bytea            NOT NULL,
    order_hash             bytea,
    collection_slug        text COLLATE "C",
    token_id               text COLLATE "C" NOT NULL,
    nft_name               text COLLATE "C",
    maker                  bytea,
    taker                  bytea,
    seller                 bytea,
    buyer                  bytea,
    price_raw              numeric(78, 0)   CHECK (price_raw >= 0),
    usd_rate               numeric,
    fees                   bytea,
    -- Of these and quantity, NULL is what most sales have. What is unknown is -1, -infinity, the byte 255 or a space.
    fill                   smallint         CHECK (fill > 1),
    payment_token_decimals smallint         CHECK (payment_token_decimals BETWEEN -1 AND 77 AND payment_token_decimals <> 18),
    payment_token_address  bytea            CHECK (payment_token_address <> '\x01'),
    payment_token_symbol   text COLLATE "C" CHECK (payment_token_symbol <> '!'),
    eth_rate               numeric          CHECK (eth_rate >= -1 AND eth_rate <> 1),
    marketplace_fee_raw    numeric(78, 0)   CHECK (marketplace_fee_raw IS NULL OR marketplace_share IS NULL),
    royalty_raw            numeric(78, 0)   CHECK (royalty_raw IS NULL OR royalty_share IS NULL),
    other_fee_raw          numeric(78, 0)   CHECK (other_fee_raw IS NULL OR other_share IS NULL),
    unit_price             numeric          CHECK (unit_price IS NULL OR quantity IS NOT NULL)
) PARTITION BY RANGE ((coalesce(source_hour, date_bin('1 hour', received_at, 'epoch'))));

CREATE VIEW core.sale AS
SELECT
    sale_uid, coalesce(fill, 1::smallint) AS fill, payload_hash, sold_at, core.code_to_word(sold_at_source) COLLATE "C" AS sold_at_source,
    core.null_to_usual(event_at, sold_at + coalesce(event_after, 0) * interval '1 us', '-infinity') AS event_at,
    coalesce(sent_at, received_at + sent_after * interval '1 us') AS sent_at, received_at,
    core.code_to_word(chain) AS chain, core.to_text(transaction_hash) COLLATE "C" AS transaction_hash,
    core.to_text(order_hash) COLLATE "C" AS order_hash, collection_slug, contract_address, token_id,
    CASE WHEN name_prefix IS NULL THEN nft_name ELSE name_prefix || token_id END AS nft_name, token_standard,
    core.to_text(maker) COLLATE "C" AS maker, core.to_text(taker) COLLATE "C" AS taker,
    core.party_to_text(seller, maker, taker) COLLATE "C" AS seller, core.party_to_text(buyer, maker, taker) COLLATE "C" AS buyer,
    core.code_to_word(side) COLLATE "C" AS side, core.code_to_word(side_source) COLLATE "C" AS side_source,
    core.null_to_usual(quantity, 1, -1)::numeric(78, 0) AS quantity, price_raw,
    core.known_to_text(coalesce(payment_token_address, '\x01')) COLLATE "C" AS payment_token_address,
    core.code_to_word(coalesce(payment_token_symbol, '!')) AS payment_token_symbol,
    core.decimals(payment_token_decimals) AS payment_token_decimals,
    core.in_tokens(price_raw, core.decimals(payment_token_decimals)) AS price,
    CASE WHEN quantity IS NULL THEN core.in_tokens(price_raw, core.decimals(payment_token_decimals)) ELSE unit_price END AS unit_price,
    usd_rate, core.null_to_usual(eth_rate, 1, -1) AS eth_rate,
    trim_scale(core.in_tokens(price_raw, core.decimals(payment_token_decimals)) * usd_rate) AS price_usd,
    trim_scale(core.in_tokens(price_raw, core.decimals(payment_token_decimals)) * core.null_to_usual(eth_rate, 1, -1)) AS price_eth,
    coalesce(marketplace_fee_raw, core.share_to_amount(marketplace_share, price_raw))::numeric(78, 0) AS marketplace_fee_raw,
    coalesce(royalty_raw, core.share_to_amount(royalty_share, price_raw))::numeric(78, 0) AS royalty_raw,
    coalesce(other_fee_raw, core.share_to_amount(other_share, price_raw))::numeric(78, 0) AS other_fee_raw,
    core.fees_to_json(fees, price_raw, fee_recipient) AS fees, is_private, is_replayed, core.code_to_word(source) COLLATE "C" AS source,
    coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) AS source_hour, loaded_at,
    core.code_to_word(first_collector) AS first_collector, first_load_id::bigint AS first_load_id
FROM core.sale_row
LEFT JOIN core.nft_kind USING (nft_kind);

CREATE FUNCTION core.kind_of(sale core.sale) RETURNS SETOF core.nft_kind
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT
        core.kind_key(sale.contract_address, sale.token_standard, name_prefix, core.fee_recipient_of(sale.fees)),
        sale.contract_address, sale.token_standard, name_prefix, core.fee_recipient_of(sale.fees)
    FROM (
        SELECT CASE
            WHEN sale.token_id <> '' AND right(sale.nft_name, length(sale.token_id)) = sale.token_id
            THEN left(sale.nft_name, length(sale.nft_name) - length(sale.token_id))
        END AS name_prefix
    ) AS named;
END;
COMMENT ON FUNCTION core.kind_of IS 'The kind of NFT that a row of core.sale is of: a row of core.nft_kind.';

CREATE FUNCTION core.packed(sale core.sale) RETURNS SETOF core.sale_row
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
SELECT
    sale.sale_uid, sale.payload_hash, kind.nft_kind, sale.sold_at, sale.received_at, sale.loaded_at,
    CASE
        WHEN core.microseconds_after(sale.sold_at, sale.event_at) IS NULL THEN coalesce(sale.event_at, '-infinity')
    END,
    CASE WHEN core.microseconds_after(sale.received_at, sale.sent_at) IS NULL THEN sale.sent_at END,
    nullif(sale.source_hour, date_bin('1 hour', sale.received_at, 'epoch')), sale.first_load_id::integer,
    core.microseconds_after(sale.received_at, sale.sent_at),
    nullif(core.microseconds_after(sale.sold_at, sale.event_at), 0), core.share_of(sale.marketplace_fee_raw, sale.price_raw),
    core.share_of(sale.royalty_raw, sale.price_raw), core.share_of(sale.other_fee_raw, sale.price_raw), sale.is_private,
    sale.is_replayed, core.word_to_code(sale.sold_at_source),
    core.word_to_code(sale.side), core.word_to_code(sale.side_source), core.word_to_code(sale.source),
    core.word_to_code(sale.chain), core.word_to_code(sale.first_collector), core.usual_to_null(sale.quantity, 1, -1),
    core.to_bytes(sale.transaction_hash), core.to_bytes(sale.order_hash), sale.collection_slug, sale.token_id,
    CASE WHEN kind.name_prefix IS NULL THEN sale.nft_name END, core.to_bytes(sale.maker),
    core.to_bytes(sale.taker), core.party_to_bytes(sale.seller, sale.maker, sale.taker),
    core.party_to_bytes(sale.buyer, sale.maker, sale.taker), sale.price_raw, sale.usd_rate,
    core.fees_to_bytes(sale.fees, sale.price_raw, kind.fee_recipient), nullif(sale.fill, 1),
    core.usual_to_null(sale.payment_token_decimals, 18::smallint, (-1)::smallint),
    core.usual_to_null(core.known_to_bytes(sale.payment_token_address), '\x01', '\xff'),
    core.usual_to_null(core.word_to_code(sale.payment_token_symbol), '!', ' '),
    core.usual_to_null(sale.eth_rate, 1, -1),
    CASE WHEN core.share_of(sale.marketplace_fee_raw, sale.price_raw) IS NULL THEN sale.marketplace_fee_raw END,
    CASE WHEN core.share_of(sale.royalty_raw, sale.price_raw) IS NULL THEN sale.royalty_raw END,
    CASE WHEN core.share_of(sale.other_fee_raw, sale.price_raw) IS NULL THEN sale.other_fee_raw END,
    CASE WHEN sale.quantity IS DISTINCT FROM 1 THEN sale.unit_price END
FROM core.kind_of(sale) AS kind;
END;
COMMENT ON FUNCTION core.packed IS 'A row of core.sale as core.sale_row stores it.';

-- core.sale can be written as a table can, row by row; a load writes core.sale_row and core.nft_kind at once.
CREATE FUNCTION core.write_sale() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM core.sale_row WHERE sale_uid = OLD.sale_uid;
        RETURN OLD;
    END IF;
    PERFORM ops.add_month(coalesce(NEW.source_hour, NEW.received_at));
    INSERT INTO core.nft_kind SELECT kind.* FROM core.kind_of(NEW) AS kind ON CONFLICT DO NOTHING;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO core.sale_row SELECT packed.* FROM core.packed(NEW) AS packed;
    ELSE
        UPDATE core.sale_row SET (
                sale_uid, payload_hash, nft_kind, sold_at, received_at, loaded_at, event_at, sent_at, source_hour,
                first_load_id, sent_after, event_after, marketplace_share, royalty_share, other_share, is_private,
                is_replayed, sold_at_source, side, side_source, source, chain, first_collector, quantity,
                transaction_hash, order_hash, collection_slug, token_id, nft_name, maker, taker, seller, buyer,
                price_raw, usd_rate, fees, fill, payment_token_decimals, payment_token_address,
                payment_token_symbol, eth_rate, marketplace_fee_raw, royalty_raw, other_fee_raw, unit_price
            ) = (SELECT packed.* FROM core.packed(NEW) AS packed)
        WHERE sale_uid = OLD.sale_uid;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION core.write_sale IS 'Writes a row of core.sale into core.sale_row and core.nft_kind.';
CREATE TRIGGER write_sale INSTEAD OF INSERT OR UPDATE OR DELETE ON core.sale FOR EACH ROW EXECUTE FUNCTION core.write_sale();

REVOKE ALL ON FUNCTION core.plain_bytes, core.plain_text, core.to_bytes, core.to_text, core.party_to_bytes,
    core.party_to_text, core.known_words, core.word_to_code, core.code_to_word, core.codes, core.known_addresses,
    core.known_to_bytes, core.known_to_text, core.usual_to_null, core.null_to_usual, core.decimals,
    core.microseconds_after, core.share_of, core.share_to_amount, core.fee_to_bytes, core.fees_to_bytes,
    core.fees_to_json, core.in_tokens, core.kind_of, core.packed, core.write_sale
    FROM PUBLIC;

CREATE INDEX sale_sold_at ON core.sale_row (sold_at);
CREATE INDEX sale_transaction ON core.sale_row USING hash (core.to_text(transaction_hash) COLLATE "C");
CREATE INDEX sale_token ON core.sale_row (nft_kind, token_id);
CREATE INDEX sale_source_hour ON core.sale_row (coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')));
-- Collections and wallets alone: a B-tree keeps equal keys once, so these are smaller and quicker to write than with a
-- time beside each. For their sales of some days PostgreSQL combines them with sale_sold_at.
CREATE INDEX sale_collection ON core.sale_row (collection_slug);
CREATE INDEX sale_buyer ON core.sale_row (core.party_to_text(buyer, maker, taker) COLLATE "C");
CREATE INDEX sale_seller ON core.sale_row (core.party_to_text(seller, maker, taker) COLLATE "C");

-- The planner cannot know how many days an expression yields; with this, daily questions add up while they read
-- instead of sorting.
CREATE STATISTICS core.sale_day ON ((sold_at AT TIME ZONE 'UTC')::date) FROM core.sale_row;
COMMENT ON STATISTICS core.sale_day IS 'How many UTC days the sales of core.sale fall on.';
-- nor how many sales a word has that is stored as a code
CREATE STATISTICS core.sale_chain ON (core.code_to_word(chain)) FROM core.sale_row;
CREATE STATISTICS core.sale_side ON (core.code_to_word(side)) FROM core.sale_row;
CREATE STATISTICS core.sale_source ON (core.code_to_word(source)) FROM core.sale_row;
COMMENT ON STATISTICS core.sale_chain IS 'How many sales of core.sale each chain has.';
COMMENT ON STATISTICS core.sale_side IS 'How many sales of core.sale each side has.';
COMMENT ON STATISTICS core.sale_source IS 'How many sales of core.sale each source has.';

-- Loads take no time of sale of more than a day after the hour of receipt (tidemark/loader/transform/segment.py). Immutable, as
-- timestamptz - interval is not: where the moment is given, PostgreSQL plans for no month before.
CREATE FUNCTION core.received_from(sold_from timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (sold_from AT TIME ZONE 'UTC' - interval '2 days') AT TIME ZONE 'UTC';
COMMENT ON FUNCTION core.received_from IS
    'From which source_hour on sales of a moment and later are found. Name it beside sold_at, and no month before is looked into.';
REVOKE ALL ON FUNCTION core.received_from FROM PUBLIC;

-- PostgreSQL keeps a key unique in each month; that no sale is in two months, the loads see to. A load calls this in a
-- transaction of its own, so that no other one waits for its end.
CREATE FUNCTION ops.add_month(hour timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    begins constant timestamptz := date_trunc('month', hour, 'UTC');
    month constant text := 'sale_row_' || to_char(begins AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
    IF to_regclass('months.' || month) IS NOT NULL THEN
        RETURN;
    END IF;
    LOCK TABLE core.sale_row IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass('months.' || month) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE months.%I (LIKE core.sale_row INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STATISTICS, PRIMARY KEY (sale_uid))',
            month
        );
        EXECUTE format(
            'ALTER TABLE core.sale_row ATTACH PARTITION months.%I FOR VALUES FROM (%L) TO (%L)',
            month, begins, (begins AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
        );
    END IF;
END
$$;
COMMENT ON FUNCTION ops.add_month IS 'Makes the table of the sales that are received in the month of an hour, unless it is there.';

CREATE FUNCTION ops.counted_sales(first timestamptz, last timestamptz) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(sum(greatest(reltuples, 0)), 0)
    FROM pg_inherits
    JOIN pg_class ON oid = inhrelid
    WHERE inhparent = 'core.sale_row'::regclass
        AND right(relname, 7) >= coalesce(to_char(first AT TIME ZONE 'UTC', 'YYYY_MM'), '')  -- infinity has no text
        AND right(relname, 7) <= coalesce(to_char(last AT TIME ZONE 'UTC', 'YYYY_MM'), 'all')
);
COMMENT ON FUNCTION ops.counted_sales IS 'How many sales PostgreSQL believes the months from one moment to another to have.';

CREATE FUNCTION ops.drop_months(before timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    month record;
    has_sales boolean;
BEGIN
    LOCK TABLE core.sale_row IN ACCESS EXCLUSIVE MODE;  -- else a row could come between the look and the drop
    FOR month IN
        SELECT oid::regclass AS part, right(relname, 7) AS name
        FROM pg_inherits
        JOIN pg_class ON oid = inhrelid
        WHERE inhparent = 'core.sale_row'::regclass AND right(relname, 7) < to_char(before AT TIME ZONE 'UTC', 'YYYY_MM')
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', month.part) INTO has_sales;
        -- a key that is another key's sale may become a sale of its own again
        IF NOT has_sales AND NOT EXISTS (
            SELECT FROM core.sale_superseded WHERE to_char(source_hour AT TIME ZONE 'UTC', 'YYYY_MM') = month.name
        ) THEN
            EXECUTE format('DROP TABLE %s', month.part);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION ops.drop_months IS 'Drops the tables of months before a moment that have no sales any more. Needs the owner.';

-- PostgreSQL analyzes each month by itself, and never what they have in common, by which questions of all months are planned.
CREATE FUNCTION ops.analyze_sales() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    counted constant double precision := ops.counted_sales('-infinity', 'infinity');
BEGIN
    IF abs(counted - (SELECT reltuples FROM pg_class WHERE oid = 'core.sale_row'::regclass)) > counted / 10 THEN
        -- only what they have in common, where PostgreSQL can; before 18 each month, too
        EXECUTE 'ANALYZE ' || CASE WHEN current_setting('server_version_num')::integer >= 180000 THEN 'ONLY ' ELSE '' END || 'core.sale_row';
    END IF;
END
$$;
COMMENT ON FUNCTION ops.analyze_sales IS
    'Analyzes core.sale_row over all months, where their sales have become a tenth more or fewer since that was done.';
REVOKE ALL ON FUNCTION ops.add_month, ops.counted_sales, ops.drop_months, ops.analyze_sales FROM PUBLIC;

-- of text as core.sale shows it, or of bytes as core.sale_row has it
CREATE FUNCTION ops.is_vague(
    order_hash anyelement, quantity numeric, maker anyelement, taker anyelement, seller anyelement, buyer anyelement
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
-- each argument once: else PostgreSQL would call the function for each row instead of taking in what it says
SELECT order_hash IS NULL OR quantity IS NULL OR CASE num_nulls(seller, buyer)
    WHEN 0 THEN false
    WHEN 2 THEN num_nulls(maker, taker) > 0
    ELSE true
END
$$;
COMMENT ON FUNCTION ops.is_vague IS
    'Whether an observation lacks a value that identifies a sale, so that another key may be the same sale.';
REVOKE ALL ON FUNCTION ops.is_vague FROM PUBLIC;
CREATE INDEX sale_vague ON core.sale_row (core.to_text(transaction_hash) COLLATE "C")
    WHERE ops.is_vague(order_hash, core.null_to_usual(quantity, 1, -1), maker, taker, seller, buyer);

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
    'One row per sale, as the disk has it: core.sale shows it with hashes and addresses as text. Its parts are in the schema '
    'months, one for each month of source_hour. Only loads read it.';
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT attname, col_description(attrelid, attnum) AS said
        FROM pg_attribute
        WHERE attrelid = 'core.sale'::regclass AND attnum > 0
    LOOP
        IF each.attname NOT IN ('price', 'price_usd', 'price_eth', 'contract_address', 'token_standard') THEN
            EXECUTE format('COMMENT ON COLUMN core.sale_row.%I IS %L', each.attname, each.said);
        END IF;
    END LOOP;
END
$$;
COMMENT ON COLUMN core.sale_row.nft_kind IS 'Its contract, token standard and what else many sales repeat: core.nft_kind.';
COMMENT ON COLUMN core.sale_row.nft_name IS 'Name of the NFT, where core.nft_kind.name_prefix does not have it.';
COMMENT ON COLUMN core.sale_row.event_after IS
    'event_at as microseconds after sold_at, where they are near each other; NULL is 0 unless event_at is there.';
COMMENT ON COLUMN core.sale_row.sent_after IS 'sent_at as microseconds after received_at, where they are near each other.';
COMMENT ON COLUMN core.sale_row.event_at IS
    'The message''s own event time, where it is not near sold_at; -infinity is unknown.';
COMMENT ON COLUMN core.sale_row.sent_at IS 'When the server sent the message, where sent_after does not have it.';
COMMENT ON COLUMN core.sale_row.fill IS 'As in core.sale; NULL is 1.';
COMMENT ON COLUMN core.sale_row.payment_token_decimals IS 'As in core.sale; NULL is 18, and -1 is unknown.';
COMMENT ON COLUMN core.sale_row.payment_token_address IS 'As in core.sale; NULL is the zero address, and the byte 255 is unknown.';
COMMENT ON COLUMN core.sale_row.payment_token_symbol IS 'As in core.sale; NULL is ETH, and a space is unknown.';
COMMENT ON COLUMN core.sale_row.quantity IS 'As in core.sale; NULL is 1, and -1 is unknown.';
COMMENT ON COLUMN core.sale_row.eth_rate IS 'As in core.sale; NULL is 1, and -1 is unknown.';
COMMENT ON COLUMN core.sale_row.marketplace_share IS
    'marketplace_fee_raw in hundredths of a percent of the price, where it is such a share, rounded down.';
COMMENT ON COLUMN core.sale_row.royalty_share IS 'The same of royalty_raw.';
COMMENT ON COLUMN core.sale_row.other_share IS 'The same of other_fee_raw.';
COMMENT ON COLUMN core.sale_row.marketplace_fee_raw IS 'As in core.sale, where marketplace_share does not have it.';
COMMENT ON COLUMN core.sale_row.royalty_raw IS 'As in core.sale, where royalty_share does not have it.';
COMMENT ON COLUMN core.sale_row.other_fee_raw IS 'As in core.sale, where other_share does not have it.';
COMMENT ON COLUMN core.sale_row.unit_price IS 'As in core.sale, where the quantity is not 1.';
COMMENT ON COLUMN core.sale_row.source_hour IS 'As in core.sale; NULL is the hour of received_at.';

CREATE TABLE core.fee_recipient (
    recipient text COLLATE "C" NOT NULL CHECK (recipient NOT ILIKE '0x%' OR recipient = lower(recipient)),
    chain     text COLLATE "C" NOT NULL CHECK (chain = lower(chain) AND chain <> 'matic'),
    from_at   timestamptz      NOT NULL DEFAULT '-infinity',
    kind      text COLLATE "C" NOT NULL CHECK (kind IN ('marketplace', 'royalty', 'other')),
    name      text COLLATE "C" NOT NULL,
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
    sale_uid          uuid             NOT NULL,
    source_hour       timestamptz      NOT NULL,
    collector         text COLLATE "C" NOT NULL,
    observations      integer          NOT NULL CHECK (observations > 0),
    first_received_at timestamptz      NOT NULL,
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
    LIKE core.sale INCLUDING COMMENTS,
    PRIMARY KEY (sale_uid),
    CHECK (fill > 0), CHECK (quantity >= 0), CHECK (price_raw >= 0), CHECK (payment_token_decimals BETWEEN 0 AND 77),
    CHECK (sold_at_source IN ('transaction', 'closing', 'event')), CHECK (side IN ('listing', 'offer', 'unknown')),
    CHECK (side_source IN ('order', 'payment_token', 'events_api', 'none')), CHECK (source IN ('stream', 'events_api'))
);
ALTER TABLE core.sale_superseded
    ALTER fill SET DEFAULT 1, ALTER fill SET NOT NULL, ALTER payload_hash SET DEFAULT 0, ALTER payload_hash SET NOT NULL,
    ALTER sold_at SET NOT NULL, ALTER sold_at_source SET NOT NULL, ALTER received_at SET NOT NULL, ALTER chain SET NOT NULL,
    ALTER transaction_hash SET NOT NULL, ALTER contract_address SET NOT NULL, ALTER token_id SET NOT NULL,
    ALTER side SET NOT NULL, ALTER side_source SET NOT NULL, ALTER is_replayed SET NOT NULL, ALTER source SET NOT NULL,
    ALTER source_hour SET NOT NULL, ALTER loaded_at SET DEFAULT now(), ALTER loaded_at SET NOT NULL,
    ALTER first_collector SET NOT NULL, ALTER first_load_id SET NOT NULL;
CREATE INDEX sale_superseded_transaction ON core.sale_superseded (transaction_hash);
COMMENT ON TABLE core.sale_superseded IS
    'One row per key that is the sale of another key, because an observation lacked a value such as the order hash. It '
    'is not part of core.sale.';
COMMENT ON COLUMN core.sale_superseded.same_as IS 'The sale that it is: core.sale.sale_uid.';

CREATE TABLE staging.observation_row (
    observation bigint  NOT NULL,
    file        integer NOT NULL,
    LIKE core.sale_row INCLUDING COMMENTS
);
ALTER TABLE staging.observation_row ALTER loaded_at DROP NOT NULL, ALTER first_load_id DROP NOT NULL;

COMMENT ON TABLE staging.observation_row IS
    'One row per record line that reports a sale, as read from the archive and packed as core.sale_row is. What a load '
    'decides is NULL: loaded_at, first_load_id and source_hour.';
COMMENT ON COLUMN staging.observation_row.observation IS
    'Number of the line within the load: it grows in order of file and line.';
COMMENT ON COLUMN staging.observation_row.file IS 'The object that holds it: ops.load_file.file.';

CREATE TABLE core.detached_month (
    month       date             PRIMARY KEY CHECK (extract(day FROM month) = 1),
    sales       bigint           NOT NULL CHECK (sales >= 0),
    detached_at timestamptz      NOT NULL DEFAULT now(),
    software    text COLLATE "C" NOT NULL
);
COMMENT ON TABLE core.detached_month IS
    'One row per month whose sales are in tables of their own (schema detached) and not in core.sale: tidemark detach. Sales that '
    'are first received later leave with a later month. Roll-ups still have it.';
COMMENT ON COLUMN core.detached_month.month IS 'Its first day: sales of this UTC month, by sold_at.';
COMMENT ON COLUMN core.detached_month.sales IS 'How many sales of it left.';
COMMENT ON COLUMN core.detached_month.detached_at IS 'When it was detached.';
COMMENT ON COLUMN core.detached_month.software IS 'The version of Tidemark that did it.';

-- A sale is scored by the 30 days around it (mart.flag_method), so the days after a detached month cannot be scored again.
CREATE FUNCTION core.closed_before() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT coalesce(max(month + interval '1 month 31 days') AT TIME ZONE 'UTC', '-infinity') FROM core.detached_month);
COMMENT ON FUNCTION core.closed_before IS
    'No hour before this moment is loaded, because a month was detached; -infinity where none was.';
REVOKE ALL ON FUNCTION core.closed_before FROM PUBLIC;

-- The first open hour still reports sales of the last closed one. The last closed day has the 30 days before it, so it can
-- be scored.
CREATE FUNCTION core.sales_closed_before() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN core.closed_before() - interval '24 hours';
COMMENT ON FUNCTION core.sales_closed_before IS
    'No sale before this moment is taken or scored, because a month was detached; -infinity where none was.';
REVOKE ALL ON FUNCTION core.sales_closed_before FROM PUBLIC;
