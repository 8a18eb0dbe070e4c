-- mart: what analysts read. First wash-trade signals, the versioned method that finds them, and the days that wait to
-- be scored.

CREATE TABLE mart.flag_method (
    method      smallint         NOT NULL,
    signal      text COLLATE "C" NOT NULL,
    suspects    boolean          NOT NULL,
    days        integer          NOT NULL CHECK (days > 0),
    times       numeric          NOT NULL CHECK (times > 0),
    description text COLLATE "C" NOT NULL,
    PRIMARY KEY (method, signal)
);

INSERT INTO mart.flag_method (method, signal, suspects, days, times, description) VALUES
    (1, 'self_trade',     true,  1,  1, 'Seller and buyer are one wallet'),
    (1, 'back_and_forth', true,  30, 1, 'The same two wallets sold the same token in the other direction within `days` days'),
    (1, 'bought_again',   true,  30, 1, 'The buyer had bought the same token before and sold it in between, all within `days` days'),
    (1, 'same_pair',      true,  1,  3, 'The same two wallets traded one contract in at least `times` transactions of a UTC day, in either direction'),
    (1, 'price_outlier',  false, 1,  10, 'The unit price in ETH is at least `times` times above or below the median of its collection on that UTC day, which had at least as many priced sales'),
    (1, 'impossible_price', true, 1, 130000000, 'The price is more ETH than `times`, which is more than there is; or over a trillion US dollars; or 2^128 base units or more'),
    (1, 'implausible_price', true, 30, 10000, 'The unit price in ETH is at least `times` times the usual price of its collection and of the whole market over `days` days; ten times as many for the market where the collection has fewer than ten priced sales. Without an ETH rate: the same of the market''s US dollars on that UTC day');

CREATE TABLE mart.sale_flags (
    sale_uid uuid             NOT NULL,
    signal   text COLLATE "C" NOT NULL,
    method   smallint         NOT NULL,
    suspects boolean          NOT NULL,
    sold_at  timestamptz      NOT NULL,
    PRIMARY KEY (sale_uid, signal),
    FOREIGN KEY (method, signal) REFERENCES mart.flag_method
);
CREATE INDEX sale_flags_sold_at ON mart.sale_flags (sold_at);
CREATE INDEX sale_flags_implausible ON mart.sale_flags (sale_uid) WHERE signal = 'implausible_price';

CREATE TABLE mart.suspect_sale (
    sale_uid       uuid PRIMARY KEY,
    is_implausible boolean NOT NULL
);

CREATE TABLE mart.resale (
    sold_at  timestamptz NOT NULL,
    sale_uid uuid        NOT NULL,
    PRIMARY KEY (sold_at, sale_uid)
);

-- A foreign key needs a key that is unique over all months.
CREATE FUNCTION mart.forget_sale() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM mart.sale_flags USING gone WHERE sale_flags.sale_uid = gone.sale_uid;
    DELETE FROM mart.suspect_sale USING gone WHERE suspect_sale.sale_uid = gone.sale_uid;
    DELETE FROM mart.resale USING gone WHERE resale.sold_at = gone.sold_at AND resale.sale_uid = gone.sale_uid;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mart.forget_sale IS 'Deletes the score of sales that leave core.sale.';
REVOKE ALL ON FUNCTION mart.forget_sale FROM PUBLIC;
CREATE TRIGGER forget_sale AFTER DELETE ON core.sale_row REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION mart.forget_sale();

CREATE TABLE mart.stale_day (
    day         date        NOT NULL,
    marked_at   timestamptz NOT NULL DEFAULT now(),
    source_hour timestamptz
);
CREATE INDEX stale_day_day ON mart.stale_day (day);

COMMENT ON TABLE mart.flag_method IS
    'One row per version of the wash-trade method and signal: what the signal means and its thresholds. The highest '
    'method is in force.';
COMMENT ON COLUMN mart.flag_method.method IS
    'Version of the method; a change of thresholds or meaning is a new version.';
COMMENT ON COLUMN mart.flag_method.signal IS 'Name of the signal.';
COMMENT ON COLUMN mart.flag_method.suspects IS
    'Whether the signal alone makes a sale a suspect, which the _clean figures leave out. A price ten times off alone '
    'does not: rare pieces sell far above the floor.';
COMMENT ON COLUMN mart.flag_method.days IS 'Length of time the signal looks at, in days.';
COMMENT ON COLUMN mart.flag_method.times IS 'The signal''s threshold: how often, or how many times above or below.';
COMMENT ON COLUMN mart.flag_method.description IS
    'The signal in words; `days` and `times` are its thresholds.';

COMMENT ON TABLE mart.sale_flags IS
    'One row per sale and wash-trade signal found on it. A sale of a scored day without a row showed no signal.';
COMMENT ON COLUMN mart.sale_flags.sale_uid IS 'The sale, as in mart.sales.';
COMMENT ON COLUMN mart.sale_flags.signal IS
    'self_trade, back_and_forth, bought_again, same_pair, price_outlier, impossible_price or implausible_price; see '
    'mart.flag_method.';
COMMENT ON COLUMN mart.sale_flags.method IS 'Version of the method that found it.';
COMMENT ON COLUMN mart.sale_flags.suspects IS 'Whether this signal alone makes the sale a suspect.';
COMMENT ON COLUMN mart.sale_flags.sold_at IS
    'When the sale happened, UTC; repeated here so that a day''s flags are found at once.';

COMMENT ON TABLE mart.suspect_sale IS
    'One row per sale with a flag that alone makes it a suspect: one row, so that mart.sales joins it over any range.';
COMMENT ON COLUMN mart.suspect_sale.sale_uid IS 'The sale, as in mart.sales.';
COMMENT ON COLUMN mart.suspect_sale.is_implausible IS 'Whether one of its flags is implausible_price.';

COMMENT ON TABLE mart.resale IS
    'One row per sale whose seller was seen to buy the token before, when its day or the day of the purchase was last scored. A sale '
    'whose purchase has gone since may be left.';
COMMENT ON COLUMN mart.resale.sold_at IS 'When the sale happened, UTC.';
COMMENT ON COLUMN mart.resale.sale_uid IS 'The sale, as in mart.sales.';

COMMENT ON TABLE mart.stale_day IS
    'One row per load, UTC day and archive hour whose sales it changed, until that day is scored again. A day that is listed has no'
    ' figures without suspects for its changed hours yet.';
COMMENT ON COLUMN mart.stale_day.day IS 'The UTC day in which the changed sales happened.';
COMMENT ON COLUMN mart.stale_day.marked_at IS 'When the load that changed it began.';
COMMENT ON COLUMN mart.stale_day.source_hour IS
    'The archive hour whose sales were changed: only those are looked up in all months before. NULL is any.';

-- What prices were usual, and which cannot be true.

CREATE TABLE mart.price_daily (
    day        date             NOT NULL,
    chain      text COLLATE "C" NOT NULL,
    collection text COLLATE "C" NOT NULL,
    priced     bigint           NOT NULL,
    median_eth numeric          NOT NULL,
    high_eth   numeric          NOT NULL,
    PRIMARY KEY (chain, collection, day)
);
CREATE INDEX price_daily_day ON mart.price_daily (day);

COMMENT ON TABLE mart.price_daily IS
    'One row per UTC day, chain and collection with a price above 0 when the day was last scored: the history that '
    'implausible prices are compared with. It holds every price that is possible, also the implausible ones.';
COMMENT ON COLUMN mart.price_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.price_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.price_daily.collection IS 'Collection, or the contract where the message names no collection.';
COMMENT ON COLUMN mart.price_daily.priced IS 'Sales with a price above 0 in ETH.';
COMMENT ON COLUMN mart.price_daily.median_eth IS 'Median price of one NFT in ETH, the lower of two middle ones.';
COMMENT ON COLUMN mart.price_daily.high_eth IS 'Highest price of one NFT in ETH.';

CREATE FUNCTION mart.is_impossible(price_raw numeric, price_eth numeric, price_usd numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(price_eth > 130000000, false)
    OR coalesce(price_usd > 1000000000000, false)
    OR coalesce(price_raw >= 340282366920938463463374607431768211456, false);

COMMENT ON FUNCTION mart.is_impossible IS
    'Whether a price is more than can be paid: over 130 million ETH, a trillion US dollars or 2^128 base units.';
REVOKE ALL ON FUNCTION mart.is_impossible FROM PUBLIC;

-- The flat view of every sale, with its score beside it.

CREATE VIEW mart.sales AS
SELECT
    sale.sale_uid,
    sale.sold_at,
    (sale.sold_at AT TIME ZONE 'UTC')::date AS day,
    sale.chain,
    sale.collection_slug,
    sale.contract_address,
    sale.token_id,
    sale.nft_name,
    sale.seller,
    sale.buyer,
    sale.maker,
    sale.taker,
    sale.side,
    sale.quantity,
    sale.price,
    sale.unit_price,
    sale.payment_token_symbol,
    sale.payment_token_address,
    sale.price_eth,
    sale.price_usd,
    sale.price_eth / nullif(sale.quantity, 0) AS unit_price_eth,
    sale.marketplace_fee_raw * ('1e-' || sale.payment_token_decimals)::numeric AS marketplace_fee,
    sale.royalty_raw * ('1e-' || sale.payment_token_decimals)::numeric AS royalty,
    sale.other_fee_raw * ('1e-' || sale.payment_token_decimals)::numeric AS other_fee,
    sale.eth_rate,
    sale.usd_rate,
    sale.is_private,
    sale.is_replayed,
    sale.source,
    sale.transaction_hash,
    sale.order_hash,
    sale.event_at,
    sale.sent_at,
    sale.received_at,
    sale.loaded_at,
    sale.source_hour,
    CASE
        WHEN suspect.sale_uid IS NOT NULL THEN true
        -- read once for all rows; most of the time no day waits
        WHEN EXISTS (SELECT FROM mart.stale_day)
            AND (sale.sold_at AT TIME ZONE 'UTC')::date IN (SELECT stale.day FROM mart.stale_day AS stale) THEN NULL
        ELSE false
    END AS is_suspect,
    ARRAY(SELECT flag.signal FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid ORDER BY flag.signal) AS signals,
    mart.is_impossible(sale.price_raw, sale.price_eth, sale.price_usd)
        OR coalesce(suspect.is_implausible, false) AS is_implausible
FROM core.sale AS sale
LEFT JOIN mart.suspect_sale AS suspect ON suspect.sale_uid = sale.sale_uid;

COMMENT ON VIEW mart.sales IS
    'One row per NFT sold in one order fill, with amounts in whole tokens and the wash-trade score beside it. A '
    'transaction that sweeps five NFTs has five rows.';
COMMENT ON COLUMN mart.sales.sale_uid IS
    'Identity of the sale: from chain, transaction, contract, token id and order hash.';
COMMENT ON COLUMN mart.sales.sold_at IS
    'When it was sold, UTC: time of the transaction, else the order''s closing time, else the event''s time.';
COMMENT ON COLUMN mart.sales.day IS 'UTC day of sold_at. Filter on sold_at, which has an index.';
COMMENT ON COLUMN mart.sales.chain IS
    'Chain in lower case, as OpenSea names it; polygon also where the stream said matic.';
COMMENT ON COLUMN mart.sales.collection_slug IS 'OpenSea''s slug of the collection; NULL when the message named none.';
COMMENT ON COLUMN mart.sales.contract_address IS 'Contract of the NFT.';
COMMENT ON COLUMN mart.sales.token_id IS 'Token id as decimal text of up to 78 digits, or the address on Solana.';
COMMENT ON COLUMN mart.sales.nft_name IS 'Name of the NFT at the time of the sale; NULL when unknown.';
COMMENT ON COLUMN mart.sales.seller IS
    'Wallet that gave the NFT; NULL when unknown, as it is where the side is and the message names no seller.';
COMMENT ON COLUMN mart.sales.buyer IS 'Wallet that paid; NULL when unknown.';
COMMENT ON COLUMN mart.sales.maker IS 'Wallet that made the order; NULL when unknown.';
COMMENT ON COLUMN mart.sales.taker IS 'Wallet that filled the order; NULL when unknown.';
COMMENT ON COLUMN mart.sales.side IS 'listing: the maker sold; offer: the maker bought; unknown.';
COMMENT ON COLUMN mart.sales.quantity IS 'How many of the token were sold; above 1 only for ERC-1155.';
COMMENT ON COLUMN mart.sales.price IS 'Total price in whole units of the payment token; NULL when unknown.';
COMMENT ON COLUMN mart.sales.unit_price IS 'Price of one in the payment token; NULL when it has no exact decimal form.';
COMMENT ON COLUMN mart.sales.payment_token_symbol IS
    'Symbol of the payment token. Anybody can issue a token with a known symbol: tell tokens apart by address.';
COMMENT ON COLUMN mart.sales.payment_token_address IS
    'Contract of the payment token; the zero address is the chain''s own coin.';
COMMENT ON COLUMN mart.sales.price_eth IS
    'Total price in ETH at the rate of the moment; NULL when no rate or price was received.';
COMMENT ON COLUMN mart.sales.price_usd IS
    'Total price in US dollars at the rate of the moment; NULL when no rate or price was received.';
COMMENT ON COLUMN mart.sales.unit_price_eth IS
    'price_eth divided by quantity, where the quotient has no end rounded at the sixteenth significant digit or '
    'beyond.';
COMMENT ON COLUMN mart.sales.marketplace_fee IS
    'Marketplace fee in whole units of the payment token; NULL when the order did not show it.';
COMMENT ON COLUMN mart.sales.royalty IS
    'Creator royalties in whole units of the payment token; NULL when the order did not show them.';
COMMENT ON COLUMN mart.sales.other_fee IS
    'Fees of unknown recipients, where the collection usually pays another one, in whole units of the payment token; '
    'NULL when the order did not show them.';
COMMENT ON COLUMN mart.sales.eth_rate IS 'ETH for one unit of the payment token when it was sold.';
COMMENT ON COLUMN mart.sales.usd_rate IS 'US dollars for one unit of the payment token when it was sold.';
COMMENT ON COLUMN mart.sales.is_private IS 'Whether the order was reserved for one buyer; NULL when unknown.';
COMMENT ON COLUMN mart.sales.is_replayed IS 'Whether it was first received long after it was sold.';
COMMENT ON COLUMN mart.sales.source IS 'stream, or events_api for a sale that only the repair of a gap brought.';
COMMENT ON COLUMN mart.sales.transaction_hash IS 'Transaction in which it was sold; sweeps share one.';
COMMENT ON COLUMN mart.sales.order_hash IS 'Order that was filled; NULL when unknown or made elsewhere.';
COMMENT ON COLUMN mart.sales.event_at IS 'event_timestamp of the message, UTC.';
COMMENT ON COLUMN mart.sales.sent_at IS 'When OpenSea sent the message, UTC.';
COMMENT ON COLUMN mart.sales.received_at IS 'When the first collector received it, UTC.';
COMMENT ON COLUMN mart.sales.loaded_at IS 'When it was loaded into the warehouse, UTC.';
COMMENT ON COLUMN mart.sales.source_hour IS 'Start of the archive hour it was loaded from, UTC.';
COMMENT ON COLUMN mart.sales.is_suspect IS
    'Whether it is a suspected wash trade or has a price that cannot be true. While its day waits to be scored, NULL '
    'for those not suspected so far.';
COMMENT ON COLUMN mart.sales.signals IS 'Signals found on it, also those that alone do not make it suspect.';
COMMENT ON COLUMN mart.sales.is_implausible IS
    'Whether its price cannot be true, as far as its day was scored; the named questions leave such amounts out.';

-- Fees: which recipients a collection usually pays, and every fee with its kind.

CREATE TABLE mart.royalty_daily (
    day        date             NOT NULL,
    chain      text COLLATE "C" NOT NULL,
    collection text COLLATE "C" NOT NULL,
    recipient  text COLLATE "C" NOT NULL,
    sales      bigint           NOT NULL,
    of_sales   bigint           NOT NULL,
    PRIMARY KEY (chain, collection, day, recipient)
);
CREATE INDEX royalty_daily_day ON mart.royalty_daily (day);

COMMENT ON TABLE mart.royalty_daily IS
    'One row per UTC day, chain, collection and recipient of a fee that core.fee_recipient does not know, when the day '
    'was last scored.';
COMMENT ON COLUMN mart.royalty_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.royalty_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.royalty_daily.collection IS 'Collection, or the contract where the message names no collection.';
COMMENT ON COLUMN mart.royalty_daily.recipient IS 'Who was paid.';
COMMENT ON COLUMN mart.royalty_daily.sales IS 'Sales that paid this recipient.';
COMMENT ON COLUMN mart.royalty_daily.of_sales IS 'Sales that paid any such recipient.';

CREATE FUNCTION mart.usual_royalties(chain text, collection text, day date) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH history AS (
        SELECT *
        FROM mart.royalty_daily AS past
        WHERE past.chain = usual_royalties.chain AND past.collection = usual_royalties.collection
            AND past.day BETWEEN usual_royalties.day - 30 AND usual_royalties.day
    ),
    total AS (
        SELECT sum(of_sales) AS sales
        FROM (SELECT DISTINCT history.day, of_sales FROM history) AS per_day
        HAVING sum(of_sales) >= 10
    )
    SELECT array_agg(recipient ORDER BY recipient)
    FROM (
        SELECT recipient
        FROM history, total
        GROUP BY recipient, total.sales
        HAVING sum(history.sales) * 2 >= total.sales
    ) AS usual;
END;
COMMENT ON FUNCTION mart.usual_royalties IS
    'Whom a collection usually pays: the unknown recipients of at least half of its sales with any, over a day and the '
    '30 before, of at least ten sales; NULL where none is usual.';

CREATE VIEW mart.sale_fees AS
SELECT
    sale.sale_uid, sale.sold_at, sale.chain, sale.collection_slug, fee.recipient,
    coalesce(
        core.fee_kind(sale.chain, fee.recipient, sale.sold_at),
        CASE
            WHEN fee.recipient <> ALL (mart.usual_royalties(
                sale.chain, coalesce(sale.collection_slug, sale.contract_address), (sale.sold_at AT TIME ZONE 'UTC')::date
            )) THEN 'other'
            ELSE 'royalty'
        END
    ) AS kind,
    fee.amount_raw,
    fee.amount_raw * ('1e-' || sale.payment_token_decimals)::numeric AS amount,
    sale.payment_token_symbol
FROM core.sale AS sale,
    jsonb_to_recordset(sale.fees) AS fee (recipient text COLLATE "C", amount_raw numeric);

COMMENT ON VIEW mart.sale_fees IS 'One row per sale and recipient of a part of its price other than the seller.';
COMMENT ON COLUMN mart.sale_fees.sale_uid IS 'The sale, as in mart.sales.';
COMMENT ON COLUMN mart.sale_fees.sold_at IS 'When it was sold, UTC. Filter on it, and on the collection.';
COMMENT ON COLUMN mart.sale_fees.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.sale_fees.collection_slug IS 'Collection, as in mart.sales.';
COMMENT ON COLUMN mart.sale_fees.recipient IS 'Who was paid.';
COMMENT ON COLUMN mart.sale_fees.kind IS
    'marketplace, royalty or other, by core.fee_recipient; an unknown recipient is a royalty unless the collection '
    'usually pays another one.';
COMMENT ON COLUMN mart.sale_fees.amount_raw IS 'How much, in base units of the payment token.';
COMMENT ON COLUMN mart.sale_fees.amount IS 'How much, in whole units of the payment token.';
COMMENT ON COLUMN mart.sale_fees.payment_token_symbol IS 'Symbol of the payment token.';
REVOKE ALL ON FUNCTION mart.usual_royalties FROM PUBLIC;

-- Roll-ups by collection: of an hour, written by loads, and of a day, written when the day is scored. Their figures are
-- declared once, as a type, and computed in one place, by a function.

CREATE TYPE mart.collection_figures AS (
    chain            text COLLATE "C",
    collection_slug  text COLLATE "C",
    sales            bigint,
    items            numeric,
    volume_eth       numeric,
    volume_usd       numeric,
    without_eth      bigint,
    without_usd      bigint,
    implausible      bigint,
    buyers           bigint,
    sellers          bigint,
    low_eth          numeric,
    median_eth       numeric,
    high_eth         numeric,
    sales_clean      bigint,
    volume_eth_clean numeric,
    volume_usd_clean numeric,
    buyers_clean     bigint,
    sellers_clean    bigint,
    low_eth_clean    numeric,
    median_eth_clean numeric,
    high_eth_clean   numeric
);

COMMENT ON COLUMN mart.collection_figures.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.collection_figures.collection_slug IS
    'Collection; NULL collects the sales whose message named none.';
COMMENT ON COLUMN mart.collection_figures.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.collection_figures.items IS
    'Number of NFTs, with quantities; NULL when none of the quantities is known.';
COMMENT ON COLUMN mart.collection_figures.volume_eth IS
    'Sum of the prices in ETH, over the sales that have one that can be true.';
COMMENT ON COLUMN mart.collection_figures.volume_usd IS
    'Sum of the prices in US dollars, over the sales that have one that can be true.';
COMMENT ON COLUMN mart.collection_figures.without_eth IS
    'Sales left out of the ETH figures because no rate or price was received.';
COMMENT ON COLUMN mart.collection_figures.without_usd IS
    'Sales left out of volume_usd because no rate or price was received.';
COMMENT ON COLUMN mart.collection_figures.implausible IS
    'Sales left out of all amounts because their price cannot be true: impossible_price or implausible_price.';
COMMENT ON COLUMN mart.collection_figures.buyers IS
    'Distinct wallets that bought; a sale whose buyer is unknown adds none.';
COMMENT ON COLUMN mart.collection_figures.sellers IS
    'Distinct wallets that sold; a sale whose seller is unknown adds none.';
COMMENT ON COLUMN mart.collection_figures.low_eth IS 'Lowest price of one NFT in ETH.';
COMMENT ON COLUMN mart.collection_figures.median_eth IS
    'Median price of one NFT in ETH: a price that was really paid, the lower of two middle ones.';
COMMENT ON COLUMN mart.collection_figures.high_eth IS 'Highest price of one NFT in ETH.';
COMMENT ON COLUMN mart.collection_figures.sales_clean IS
    'The same as sales without suspects. In mart.collection_hourly, all _clean columns are NULL while '
    'the day waits to be scored.';
COMMENT ON COLUMN mart.collection_figures.volume_eth_clean IS
    'The same as volume_eth without suspects; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_figures.volume_usd_clean IS
    'The same as volume_usd without suspects; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_figures.buyers_clean IS 'The same as buyers without suspects.';
COMMENT ON COLUMN mart.collection_figures.sellers_clean IS 'The same as sellers without suspects.';
COMMENT ON COLUMN mart.collection_figures.low_eth_clean IS
    'The same as low_eth without suspects; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_figures.median_eth_clean IS
    'The same as median_eth without suspects; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_figures.high_eth_clean IS
    'The same as high_eth without suspects; NULL when no such sale has a price.';
COMMENT ON TYPE mart.collection_figures IS 'The figures of one collection in one span of time.';

-- The span's sales are found by their time, whatever their collection: an index that finds a collection's sales of an hour
-- would be a tenth of what a sale takes on the disk. MATERIALIZED, so that a score is not looked up again by each figure.
CREATE FUNCTION mart.collection_figures(since timestamptz, until timestamptz, collections text[])
RETURNS SETOF mart.collection_figures
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH stated AS MATERIALIZED (
        SELECT
            sale.sale_uid, sale.chain, sale.collection_slug, sale.quantity, sale.price_eth, sale.price_usd, sale.buyer, sale.seller,
            mart.is_impossible(sale.price_raw, sale.price_eth, sale.price_usd) AS impossible,
            EXISTS (SELECT FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid AND flag.suspects) AS suspect
        FROM core.sale
        WHERE sale.sold_at >= since AND sale.sold_at < until AND sale.source_hour >= core.received_from(since)
            AND coalesce(sale.collection_slug, '') IN (SELECT unnest(collections))
    ),
    sold AS MATERIALIZED (
        SELECT
            stated.chain, stated.collection_slug, quantity, buyer, seller,
            stated.price_eth IS NULL AS without_eth, stated.price_usd IS NULL AS without_usd,
            implausible, NOT (suspect OR impossible) AS clean,
            CASE WHEN NOT implausible THEN stated.price_eth END AS price_eth,
            CASE WHEN NOT implausible THEN stated.price_usd END AS price_usd,
            CASE WHEN NOT implausible THEN stated.price_eth / nullif(quantity, 0) END AS unit_eth
        FROM stated,
            LATERAL (
                SELECT impossible OR CASE WHEN suspect THEN EXISTS (
                    SELECT FROM mart.sale_flags AS flag
                    WHERE flag.sale_uid = stated.sale_uid AND flag.signal = 'implausible_price'
                ) ELSE false END AS implausible
            ) AS score
    )
    SELECT
        sold.chain, sold.collection_slug,
        count(*), sum(quantity), sum(price_eth), sum(price_usd),
        count(*) FILTER (WHERE without_eth AND NOT implausible), count(*) FILTER (WHERE without_usd AND NOT implausible),
        count(*) FILTER (WHERE implausible),
        count(DISTINCT buyer), count(DISTINCT seller),
        min(unit_eth), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth), max(unit_eth),
        count(*) FILTER (WHERE clean), sum(price_eth) FILTER (WHERE clean), sum(price_usd) FILTER (WHERE clean),
        count(DISTINCT buyer) FILTER (WHERE clean), count(DISTINCT seller) FILTER (WHERE clean),
        min(unit_eth) FILTER (WHERE clean), percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth) FILTER (WHERE clean),
        max(unit_eth) FILTER (WHERE clean)
    FROM sold
    GROUP BY sold.chain, sold.collection_slug;
END;

COMMENT ON FUNCTION mart.collection_figures IS
    'The figures of collections over the sales of [since, until): one row per chain and collection that had sales. The empty '
    'text among `collections` names the sales whose message named none.';
REVOKE ALL ON FUNCTION mart.collection_figures FROM PUBLIC;

CREATE TABLE mart.collection_hourly (
    hour timestamptz NOT NULL,
    LIKE mart.collection_figures INCLUDING COMMENTS
);
ALTER TABLE mart.collection_hourly
    ALTER chain SET NOT NULL, ALTER sales SET NOT NULL, ALTER without_eth SET NOT NULL, ALTER without_usd SET NOT NULL,
    ALTER implausible SET NOT NULL, ALTER buyers SET NOT NULL, ALTER sellers SET NOT NULL;
CREATE UNIQUE INDEX collection_hourly_key ON mart.collection_hourly (hour, chain, coalesce(collection_slug, ''));
CREATE INDEX collection_hourly_collection ON mart.collection_hourly (collection_slug, hour);

COMMENT ON TABLE mart.collection_hourly IS
    'One row per UTC hour of sale, chain and collection that had sales. Written by the load for the hours whose sales'
    ' it changed; the _clean columns follow when the day is scored.';
COMMENT ON COLUMN mart.collection_hourly.hour IS 'Start of the UTC hour in which the sales happened.';

CREATE TABLE mart.collection_daily (
    day date NOT NULL,
    LIKE mart.collection_figures INCLUDING COMMENTS
);
ALTER TABLE mart.collection_daily
    ALTER chain SET NOT NULL, ALTER sales SET NOT NULL, ALTER without_eth SET NOT NULL, ALTER without_usd SET NOT NULL,
    ALTER implausible SET NOT NULL, ALTER buyers SET NOT NULL, ALTER sellers SET NOT NULL;
CREATE UNIQUE INDEX collection_daily_key ON mart.collection_daily (day, chain, coalesce(collection_slug, ''));
CREATE INDEX collection_daily_collection ON mart.collection_daily (collection_slug, day);

COMMENT ON TABLE mart.collection_daily IS
    'One row per UTC day of sale, chain and collection that had sales when the day was last scored. Distinct wallets '
    'and medians are those of the whole day, not sums of hours.';
COMMENT ON COLUMN mart.collection_daily.day IS 'UTC day in which the sales happened.';

-- Roll-up by wallet and day.

CREATE TABLE mart.wallet_daily (
    day         date             NOT NULL,
    chain       text COLLATE "C" NOT NULL,
    wallet      text COLLATE "C" NOT NULL,
    bought      bigint           NOT NULL,
    sold        bigint           NOT NULL,
    spent_eth   numeric,
    earned_eth  numeric,
    spent_usd   numeric,
    earned_usd  numeric,
    implausible bigint           NOT NULL,
    collections bigint           NOT NULL,
    PRIMARY KEY (day, chain, wallet)
);
CREATE INDEX wallet_daily_wallet ON mart.wallet_daily (wallet, day);

COMMENT ON TABLE mart.wallet_daily IS
    'One row per UTC day, chain and wallet that bought or sold when the day was last scored. A sale whose buyer is '
    'unknown is in its seller''s figures only, and the reverse.';
COMMENT ON COLUMN mart.wallet_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.wallet_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.wallet_daily.wallet IS 'The wallet''s address.';
COMMENT ON COLUMN mart.wallet_daily.bought IS 'Sales in which it was the buyer.';
COMMENT ON COLUMN mart.wallet_daily.sold IS 'Sales in which it was the seller.';
COMMENT ON COLUMN mart.wallet_daily.spent_eth IS
    'Sum of the prices it paid in ETH, over the sales that have one that can be true; NULL when none has.';
COMMENT ON COLUMN mart.wallet_daily.earned_eth IS
    'Sum of the prices of what it sold in ETH, fees and royalties not deducted; NULL when none is known.';
COMMENT ON COLUMN mart.wallet_daily.spent_usd IS 'The same as spent_eth in US dollars.';
COMMENT ON COLUMN mart.wallet_daily.earned_usd IS 'The same as earned_eth in US dollars.';
COMMENT ON COLUMN mart.wallet_daily.implausible IS
    'Sales left out of the amounts because their price cannot be true, counted for its purchases and its sales.';
COMMENT ON COLUMN mart.wallet_daily.collections IS 'Distinct collections in which it bought or sold.';

-- Roll-up of the market by day, of what no sum of the other roll-ups gives.

CREATE TABLE mart.market_daily (
    day                  date   NOT NULL,
    chain                text COLLATE "C",
    sales                bigint NOT NULL,
    buyers               bigint NOT NULL,
    sellers              bigint NOT NULL,
    bought_and_sold      bigint NOT NULL,
    without_wallets      bigint NOT NULL,
    sales_with_fee_known bigint NOT NULL,
    fee_eth              numeric,
    fee_usd              numeric,
    fee_of_usd           numeric,
    listings             bigint NOT NULL,
    offers               bigint NOT NULL,
    unknown_side         bigint NOT NULL,
    listings_eth         numeric,
    offers_eth           numeric,
    listing_median_eth   numeric,
    offer_median_eth     numeric,
    whale_eth            numeric,
    implausible          bigint NOT NULL
);
CREATE UNIQUE INDEX market_daily_key ON mart.market_daily (day, coalesce('of ' || chain, ''));

COMMENT ON TABLE mart.market_daily IS
    'One row per UTC day that had sales when it was last scored, and one per chain that had any.';
COMMENT ON COLUMN mart.market_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.market_daily.chain IS 'Chain, as in mart.sales; NULL in the row of all chains together.';
COMMENT ON COLUMN mart.market_daily.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.market_daily.buyers IS 'Distinct wallets that bought.';
COMMENT ON COLUMN mart.market_daily.sellers IS 'Distinct wallets that sold.';
COMMENT ON COLUMN mart.market_daily.bought_and_sold IS 'Distinct wallets that did both.';
COMMENT ON COLUMN mart.market_daily.without_wallets IS 'Sales whose buyer and seller are unknown.';
COMMENT ON COLUMN mart.market_daily.sales_with_fee_known IS 'Sales whose order shows its fees.';
COMMENT ON COLUMN mart.market_daily.fee_eth IS
    'What the marketplace received of them in ETH, over those with a rate and a price that can be true; NULL when none has.';
COMMENT ON COLUMN mart.market_daily.fee_usd IS 'The same in US dollars.';
COMMENT ON COLUMN mart.market_daily.fee_of_usd IS 'Sum of the prices in US dollars of the sales in fee_usd.';
COMMENT ON COLUMN mart.market_daily.listings IS 'Sales of a listing: the maker sold.';
COMMENT ON COLUMN mart.market_daily.offers IS 'Sales into an offer: the maker bought.';
COMMENT ON COLUMN mart.market_daily.unknown_side IS 'Sales whose side is unknown.';
COMMENT ON COLUMN mart.market_daily.listings_eth IS
    'Sum of the prices of listings in ETH, over those that have one that can be true; NULL when none has.';
COMMENT ON COLUMN mart.market_daily.offers_eth IS 'The same of offers.';
COMMENT ON COLUMN mart.market_daily.listing_median_eth IS
    'Median price of one NFT in ETH over the same listings, the lower of two middle ones.';
COMMENT ON COLUMN mart.market_daily.offer_median_eth IS 'The same of offers.';
COMMENT ON COLUMN mart.market_daily.whale_eth IS
    'What the hundredth wallet spent and earned in ETH, of those that moved the most; NULL where there were fewer.';
COMMENT ON COLUMN mart.market_daily.implausible IS
    'Sales left out of the amounts because their price cannot be true, as in mart.sales.';

CREATE FUNCTION mart.days_of(since timestamptz, until timestamptz)
RETURNS TABLE (day date, from_at timestamptz, to_at timestamptz, is_scored boolean)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        start::date, greatest(since, start AT TIME ZONE 'UTC'), least(until, (start + interval '1 day') AT TIME ZONE 'UTC'),
        start AT TIME ZONE 'UTC' >= since
            -- a day that has just begun is asked for up to the newest hour; of a detached one nobody knows what is later
            AND ((start + interval '1 day') AT TIME ZONE 'UTC' <= until OR until >= core.sales_closed_before() AND NOT EXISTS (
                SELECT
                FROM core.sale
                WHERE sale.sold_at >= until AND sale.sold_at < (start + interval '1 day') AT TIME ZONE 'UTC'
                    AND sale.source_hour >= core.received_from(until)
            ))
            AND start::date NOT IN (SELECT stale.day FROM mart.stale_day AS stale)
            AND EXISTS (SELECT FROM mart.market_daily AS daily WHERE daily.day = start::date AND daily.chain IS NULL)
    FROM generate_series(
        date_trunc('day', since AT TIME ZONE 'UTC'), until AT TIME ZONE 'UTC' - interval '1 us', interval '1 day'
    ) AS start;
END;
COMMENT ON FUNCTION mart.days_of IS
    'The UTC days of [since, until) with the part of each that is in it; is_scored where that has all sales of the day '
    'and mart.market_daily has it as it is.';
REVOKE ALL ON FUNCTION mart.days_of FROM PUBLIC;

-- Roll-ups of the same days by other keys; a scored day without a row had no such sale.

CREATE TABLE mart.payment_token_daily (
    day                   date             NOT NULL,
    chain                 text COLLATE "C" NOT NULL,
    payment_token_address text COLLATE "C",
    payment_token_symbol  text COLLATE "C",
    sales                 bigint           NOT NULL,
    volume                numeric,
    volume_eth            numeric,
    volume_usd            numeric,
    without_usd           bigint           NOT NULL,
    implausible           bigint           NOT NULL
);
CREATE UNIQUE INDEX payment_token_daily_key
    ON mart.payment_token_daily (day, chain, coalesce('of ' || payment_token_address, ''));

COMMENT ON TABLE mart.payment_token_daily IS
    'One row per UTC day, chain and payment token that paid for a sale when the day was last scored.';
COMMENT ON COLUMN mart.payment_token_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.payment_token_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.payment_token_daily.payment_token_address IS
    'Contract of the token, as in mart.sales; NULL collects the sales whose message named none.';
COMMENT ON COLUMN mart.payment_token_daily.payment_token_symbol IS
    'Its symbol; where messages gave it several, the last one of the alphabet.';
COMMENT ON COLUMN mart.payment_token_daily.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.payment_token_daily.volume IS
    'Sum of the prices in whole tokens, over the sales that have one that can be true; NULL when none has.';
COMMENT ON COLUMN mart.payment_token_daily.volume_eth IS 'The same in ETH, over those with a rate.';
COMMENT ON COLUMN mart.payment_token_daily.volume_usd IS 'The same in US dollars.';
COMMENT ON COLUMN mart.payment_token_daily.without_usd IS
    'Sales left out of volume_usd because no rate or price was received.';
COMMENT ON COLUMN mart.payment_token_daily.implausible IS
    'Sales left out of the amounts because their price cannot be true, as in mart.sales.';

CREATE FUNCTION mart.price_steps() RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT ARRAY[0::numeric] || array_agg(digit * ('1e' || power)::numeric ORDER BY power, digit)
    FROM generate_series(-6, 5) AS power, unnest(ARRAY[1, 2, 5]) AS digit
);

CREATE FUNCTION mart.price_range(price_eth numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (mart.price_steps())[width_bucket(price_eth, mart.price_steps())];

COMMENT ON FUNCTION mart.price_steps IS
    'Where each range of prices begins, in ETH: 0, then 1, 2 and 5 and their tenths from a millionth on; each ends '
    'where the next one begins.';
COMMENT ON FUNCTION mart.price_range IS 'Where the range of mart.price_steps begins that has a price in ETH.';
REVOKE ALL ON FUNCTION mart.price_steps, mart.price_range FROM PUBLIC;

CREATE TABLE mart.price_range_daily (
    day        date             NOT NULL,
    chain      text COLLATE "C" NOT NULL,
    from_eth   numeric          NOT NULL,
    sales      bigint           NOT NULL,
    prices_eth numeric          NOT NULL,
    PRIMARY KEY (day, chain, from_eth)
);

COMMENT ON TABLE mart.price_range_daily IS
    'One row per UTC day, chain and range of prices of one NFT that had sales when the day was last scored. Sales '
    'without a price in ETH, and prices that cannot be true, are left out.';
COMMENT ON COLUMN mart.price_range_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.price_range_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.price_range_daily.from_eth IS
    'Where the range begins, in ETH: 0, then 1, 2 and 5 and their tenths; it ends before the next one (mart.price_steps).';
COMMENT ON COLUMN mart.price_range_daily.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.price_range_daily.prices_eth IS 'Sum of their prices of one NFT in ETH.';

CREATE TABLE mart.collection_royalty_daily (
    day                      date             NOT NULL,
    chain                    text COLLATE "C" NOT NULL,
    collection_slug          text COLLATE "C",
    sales                    bigint           NOT NULL,
    sales_with_royalty_known bigint           NOT NULL,
    royalty_eth              numeric,
    royalty_usd              numeric,
    royalty_of_eth           numeric,
    implausible              bigint           NOT NULL
);
CREATE UNIQUE INDEX collection_royalty_daily_key
    ON mart.collection_royalty_daily (day, chain, coalesce('of ' || collection_slug, ''));

COMMENT ON TABLE mart.collection_royalty_daily IS
    'One row per UTC day, chain and collection that had sales when the day was last scored, with what creators received.';
COMMENT ON COLUMN mart.collection_royalty_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.collection_royalty_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.collection_royalty_daily.collection_slug IS
    'Collection; NULL collects the sales whose message named none.';
COMMENT ON COLUMN mart.collection_royalty_daily.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.collection_royalty_daily.sales_with_royalty_known IS 'Sales whose order shows its fees.';
COMMENT ON COLUMN mart.collection_royalty_daily.royalty_eth IS
    'Royalties of them in ETH, over those with a rate and a price that can be true; NULL when none has.';
COMMENT ON COLUMN mart.collection_royalty_daily.royalty_usd IS 'The same in US dollars.';
COMMENT ON COLUMN mart.collection_royalty_daily.royalty_of_eth IS
    'Sum of the prices in ETH of the sales in royalty_eth.';
COMMENT ON COLUMN mart.collection_royalty_daily.implausible IS
    'Sales left out of the amounts because their price cannot be true, as in mart.sales.';

CREATE TABLE mart.sweep_daily (
    day              date             NOT NULL,
    chain            text COLLATE "C" NOT NULL,
    transaction_hash text COLLATE "C" NOT NULL,
    buyer            text COLLATE "C" NOT NULL,
    sold_at          timestamptz      NOT NULL,
    sales            bigint           NOT NULL CHECK (sales >= 5),
    volume_eth       numeric,
    volume_usd       numeric,
    collections      bigint           NOT NULL,
    sellers          bigint           NOT NULL,
    without_eth      bigint           NOT NULL,
    implausible      bigint           NOT NULL,
    PRIMARY KEY (day, chain, transaction_hash, buyer)
);

COMMENT ON TABLE mart.sweep_daily IS
    'One row per UTC day, transaction and wallet that bought at least five NFTs in it, when the day was last scored.';
COMMENT ON COLUMN mart.sweep_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.sweep_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.sweep_daily.transaction_hash IS 'The transaction, as in mart.sales.';
COMMENT ON COLUMN mart.sweep_daily.buyer IS 'The wallet that bought.';
COMMENT ON COLUMN mart.sweep_daily.sold_at IS 'When the first of the sales happened, UTC.';
COMMENT ON COLUMN mart.sweep_daily.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.sweep_daily.volume_eth IS
    'Sum of the prices in ETH, over the sales that have one that can be true; NULL when none has.';
COMMENT ON COLUMN mart.sweep_daily.volume_usd IS 'The same in US dollars.';
COMMENT ON COLUMN mart.sweep_daily.collections IS 'Distinct collections.';
COMMENT ON COLUMN mart.sweep_daily.sellers IS 'Distinct wallets that sold.';
COMMENT ON COLUMN mart.sweep_daily.without_eth IS
    'Sales left out of volume_eth because no rate or price was received.';
COMMENT ON COLUMN mart.sweep_daily.implausible IS
    'Sales left out of the amounts because their price cannot be true, as in mart.sales.';

CREATE TABLE mart.top_sale_daily (
    day       date             NOT NULL,
    chain     text COLLATE "C" NOT NULL,
    sale_uid  uuid             NOT NULL,
    sold_at   timestamptz      NOT NULL,
    price_usd numeric,
    PRIMARY KEY (day, chain, sale_uid)
);

COMMENT ON TABLE mart.top_sale_daily IS
    'One row per UTC day, chain and sale that was among the hundred with the highest price when the day was last scored. '
    'Prices that cannot be true are left out.';
COMMENT ON COLUMN mart.top_sale_daily.day IS 'UTC day in which the sale happened.';
COMMENT ON COLUMN mart.top_sale_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.top_sale_daily.sale_uid IS 'The sale, as in mart.sales.';
COMMENT ON COLUMN mart.top_sale_daily.sold_at IS 'When it happened, UTC.';
COMMENT ON COLUMN mart.top_sale_daily.price_usd IS 'Its price in US dollars; NULL where no rate or price was received, which come last.';

-- How well each hour was recorded.

CREATE TABLE mart.hour_quality (
    hour                     timestamptz        PRIMARY KEY,
    collectors               text[] COLLATE "C" NOT NULL,
    covered_s                numeric            NOT NULL,
    covered_twice_s          numeric            NOT NULL,
    repaired_s               numeric            NOT NULL,
    gaps                     jsonb              NOT NULL,
    sales                    bigint             NOT NULL,
    seen_by                  jsonb              NOT NULL,
    seen_in_overlap          bigint,
    missed_estimate          numeric,
    missed_low               numeric,
    missed_high              numeric,
    recovered                bigint             NOT NULL,
    audited_share            numeric            CHECK (audited_share > 0 AND audited_share <= 1),
    api_sales                bigint,
    api_seen_by              jsonb,
    api_covered              bigint,
    api_unseen               bigint,
    api_unseen_uncovered     bigint,
    api_set_aside            bigint,
    stream_only              bigint,
    loss                     numeric,
    loss_low                 numeric,
    loss_high                numeric,
    quarantined              bigint             NOT NULL,
    live_sales               bigint             NOT NULL DEFAULT 0,
    sold_to_sent_p50_s       numeric,
    sold_to_sent_p95_s       numeric,
    sold_to_sent_p99_s       numeric,
    sent_to_received_p50_s   numeric,
    sent_to_received_p95_s   numeric,
    sent_to_received_p99_s   numeric,
    received_to_loaded_p50_s numeric,
    received_to_loaded_p95_s numeric,
    received_to_loaded_p99_s numeric,
    sold_to_loaded_p50_s     numeric,
    sold_to_loaded_p95_s     numeric,
    sold_to_loaded_p99_s     numeric,
    refreshed_at             timestamptz        NOT NULL DEFAULT now()
);

COMMENT ON TABLE mart.hour_quality IS
    'One row per archive hour that was loaded: how well it was covered, what each collector observed, what was '
    'probably missed, and how long sales took to arrive. docs/coverage.md explains the statistics.';
COMMENT ON COLUMN mart.hour_quality.hour IS 'Start of the archive hour, UTC: the hour in which messages were received.';
COMMENT ON COLUMN mart.hour_quality.collectors IS
    'Collectors whose coverage of the hour was loaded; repair runs are not among them.';
COMMENT ON COLUMN mart.hour_quality.covered_s IS
    'Seconds of the hour in which each topic that a collector was to record was covered by at least one of them.';
COMMENT ON COLUMN mart.hour_quality.covered_twice_s IS
    'Seconds of the hour in which each of those topics was covered by at least two collectors at once.';
COMMENT ON COLUMN mart.hour_quality.repaired_s IS
    'Seconds in which each topic is complete only because repair runs fetched from the Events API what no collector '
    'covered.';
COMMENT ON COLUMN mart.hour_quality.gaps IS
    'Seconds that each collector did not cover, by reason, such as {"b": {"connection_lost": 12.5}}; of several '
    'topics the longest.';
COMMENT ON COLUMN mart.hour_quality.sales IS
    'Sales whose row in core.sale was read from this hour, those that repair recovered included.';
COMMENT ON COLUMN mart.hour_quality.seen_by IS
    'Sales by the exact set of collectors that observed them: names joined by + to a count, such as {"a": 3, "a+b": '
    '990, "b": 7}. Repair runs are left out.';
COMMENT ON COLUMN mart.hour_quality.seen_in_overlap IS
    'Sales that both samples covered when they were received, without those in a silence of one of them: those from '
    'which the missed are estimated; NULL without an overlap.';
COMMENT ON COLUMN mart.hour_quality.missed_estimate IS
    'Estimated sales that both samples missed while both covered them (Chapman): a lower bound, blind to what OpenSea '
    'sent to no collector; NULL without an overlap.';
COMMENT ON COLUMN mart.hour_quality.missed_low IS 'Lower end of the 95 % interval of missed_estimate, in whole sales.';
COMMENT ON COLUMN mart.hour_quality.missed_high IS 'Upper end of the 95 % interval of missed_estimate, in whole sales.';
COMMENT ON COLUMN mart.hour_quality.recovered IS
    'Sales that no collector observed and repair brought from the Events API.';
COMMENT ON COLUMN mart.hour_quality.audited_share IS
    'Share of the hour, over its topics, of which an audit asked the Events API for all sales; NULL where none did, and '
    'with it all columns of the audit.';
COMMENT ON COLUMN mart.hour_quality.api_sales IS 'Sales of the audited share, by the time of their event, that the Events API knows.';
COMMENT ON COLUMN mart.hour_quality.api_seen_by IS
    'The same by the exact set of collectors that received them, such as {"a": 3, "a+b": 990, "b": 7}; those that none '
    'received are api_unseen and api_unseen_uncovered.';
COMMENT ON COLUMN mart.hour_quality.api_covered IS
    'Those of api_sales that a collector should have received: it covered the topic from the sale until two minutes after.';
COMMENT ON COLUMN mart.hour_quality.api_unseen IS 'Those of api_covered that no collector received.';
COMMENT ON COLUMN mart.hour_quality.api_unseen_uncovered IS
    'Those of api_sales that no collector received and that none was proven to cover for long enough.';
COMMENT ON COLUMN mart.hour_quality.api_set_aside IS 'Events that audits fetched and that could not be read as a sale.';
COMMENT ON COLUMN mart.hour_quality.stream_only IS
    'Sales of the audited share that collectors received and the Events API does not know.';
COMMENT ON COLUMN mart.hour_quality.loss IS
    'Measured loss of the stream: api_unseen / api_covered; NULL where api_covered is 0.';
COMMENT ON COLUMN mart.hour_quality.loss_low IS
    'Lower end of the exact 95 % interval (Clopper-Pearson) of the rate at which the stream loses sales.';
COMMENT ON COLUMN mart.hour_quality.loss_high IS 'Upper end of the same.';
COMMENT ON COLUMN mart.hour_quality.quarantined IS 'Lines of the hour that could not be read as any event.';
COMMENT ON COLUMN mart.hour_quality.live_sales IS
    'Sales that the stream sent when they happened, those of all latencies: replayed and recovered ones are left out.';
COMMENT ON COLUMN mart.hour_quality.sold_to_sent_p50_s IS 'Median of the seconds from sale to OpenSea''s sending.';
COMMENT ON COLUMN mart.hour_quality.sold_to_sent_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sold_to_sent_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sent_to_received_p50_s IS
    'Median of the seconds from sending to the first collector''s receiving; below zero when the clocks differ.';
COMMENT ON COLUMN mart.hour_quality.sent_to_received_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sent_to_received_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.received_to_loaded_p50_s IS
    'Median of the seconds from receiving to loading; long when the hour was backfilled.';
COMMENT ON COLUMN mart.hour_quality.received_to_loaded_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.received_to_loaded_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sold_to_loaded_p50_s IS 'Median of the seconds from sale to loading.';
COMMENT ON COLUMN mart.hour_quality.sold_to_loaded_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sold_to_loaded_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.refreshed_at IS 'When a load last wrote this row.';

-- What was missed, and what each load did, for those who may not read the loader's own tables.

CREATE VIEW mart.gaps AS
SELECT source_hour AS hour, collector, topic, from_at, to_at, reason, repaired_by, recovered, set_aside
FROM ops.gap;

COMMENT ON VIEW mart.gaps IS
    'One row per interval of an hour in which a collector was not covered for a topic, [from_at, to_at).';
COMMENT ON COLUMN mart.gaps.hour IS 'Start of the archive hour, UTC.';
COMMENT ON COLUMN mart.gaps.collector IS 'The collector.';
COMMENT ON COLUMN mart.gaps.topic IS 'The topic, such as collection:* for the whole market.';
COMMENT ON COLUMN mart.gaps.from_at IS 'Start of the interval, UTC.';
COMMENT ON COLUMN mart.gaps.to_at IS 'End of the interval, UTC, not included.';
COMMENT ON COLUMN mart.gaps.reason IS 'Why it was not covered; docs/operator.md explains each word.';
COMMENT ON COLUMN mart.gaps.repaired_by IS
    'The last of the repair runs that filled what the other collectors left open of it; NULL where none did.';
COMMENT ON COLUMN mart.gaps.recovered IS
    'Sales that only the Events API reported and that the stream would have sent in it; NULL while it is not repaired.';
COMMENT ON COLUMN mart.gaps.set_aside IS
    'Events that the last repair run fetched for it and that could not be read as a sale.';

CREATE VIEW mart.loads AS
SELECT
    source_hour AS hour, load_id, started_at, finished_at, software, collectors,
    files, lines, inserted, replaced, duplicates, other, quarantined
FROM ops.load_run;

COMMENT ON VIEW mart.loads IS
    'One row per committed load of one hour; the newest of an hour describes what the warehouse holds of it.';
COMMENT ON COLUMN mart.loads.hour IS 'Start of the archive hour, UTC.';
COMMENT ON COLUMN mart.loads.load_id IS 'Number of the load, growing.';
COMMENT ON COLUMN mart.loads.started_at IS 'When the load began.';
COMMENT ON COLUMN mart.loads.finished_at IS 'When the load was about to commit.';
COMMENT ON COLUMN mart.loads.software IS 'The version of Tidemark that loaded.';
COMMENT ON COLUMN mart.loads.collectors IS 'The collectors whose manifests were read.';
COMMENT ON COLUMN mart.loads.files IS 'Objects read.';
COMMENT ON COLUMN mart.loads.lines IS 'Record lines read.';
COMMENT ON COLUMN mart.loads.inserted IS 'Lines that report a sale which core.sale did not have.';
COMMENT ON COLUMN mart.loads.replaced IS 'Lines whose sale replaced the row of core.sale.';
COMMENT ON COLUMN mart.loads.duplicates IS 'Lines that report a sale which another line or load had reported.';
COMMENT ON COLUMN mart.loads.other IS 'Lines of other event types.';
COMMENT ON COLUMN mart.loads.quarantined IS 'Lines that could not be read.';
