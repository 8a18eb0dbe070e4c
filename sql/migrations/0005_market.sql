-- The whole market: what every event adds up to, and single orders and transfers where they are kept.
-- Each row belongs to one archive hour and follows from that hour alone, so hours can be loaded in any order; what
-- spans hours (the book of orders, holders) is computed when it is asked.

-- Counts by hour.

CREATE TABLE mart.market_hourly (
    hour                       timestamptz NOT NULL,
    chain                      text COLLATE "C",
    collection_slug            text COLLATE "C",
    payment_token_address      text COLLATE "C",
    payment_token_symbol       text COLLATE "C",
    payment_token_decimals     smallint,
    listings                   bigint NOT NULL,
    listers                    bigint NOT NULL,
    lowest_listing_raw         numeric(78, 0),
    item_bids                  bigint NOT NULL,
    best_item_bid_raw          numeric(78, 0),
    collection_offers          bigint NOT NULL,
    best_collection_offer_raw  numeric(78, 0),
    trait_offers               bigint NOT NULL,
    best_trait_offer_raw       numeric(78, 0),
    cancels                    bigint NOT NULL,
    invalidations              bigint NOT NULL,
    revalidations              bigint NOT NULL,
    transfers                  bigint NOT NULL,
    mints                      bigint NOT NULL,
    burns                      bigint NOT NULL,
    receivers                  bigint NOT NULL
);
CREATE UNIQUE INDEX market_hourly_key ON mart.market_hourly
    (hour, coalesce(chain, ''), coalesce(collection_slug, ''), coalesce(payment_token_address, ''));
CREATE INDEX market_hourly_collection ON mart.market_hourly (collection_slug, hour);

COMMENT ON TABLE mart.market_hourly IS
    'One row per archive hour, chain, collection and payment token with events: every message of the market except '
    'sales and updates of metadata, counted once however many collectors received it. An hour without rows had no events '
    'only where mart.market_hour says that its market is known. '
    'Counts are exact: they count distinct keys of 64 bits. How much of an hour was recorded is in mart.hour_quality.';
COMMENT ON COLUMN mart.market_hourly.hour IS 'Start of the archive hour, UTC: the hour in which messages were first received.';
COMMENT ON COLUMN mart.market_hourly.chain IS 'Chain, as in mart.sales; NULL where the message shows none.';
COMMENT ON COLUMN mart.market_hourly.collection_slug IS 'Collection; NULL where the message names none.';
COMMENT ON COLUMN mart.market_hourly.payment_token_address IS
    'Contract of the payment token; the zero address is the chain''s own coin. NULL for events without a payment: '
    'invalidations, revalidations, transfers, mints and burns.';
COMMENT ON COLUMN mart.market_hourly.payment_token_symbol IS 'Symbol of the payment token; NULL where messages differ.';
COMMENT ON COLUMN mart.market_hourly.payment_token_decimals IS
    'How many decimals of the payment token the _raw columns count; NULL where unknown or where messages differ.';
COMMENT ON COLUMN mart.market_hourly.listings IS 'New listings: distinct order hashes.';
COMMENT ON COLUMN mart.market_hourly.listers IS 'Distinct wallets that listed; a listing whose maker is unknown adds none.';
COMMENT ON COLUMN mart.market_hourly.lowest_listing_raw IS
    'Lowest price of one unit among the new listings that anybody can buy at a fixed price, in base units, rounded up; '
    'NULL without one whose price and quantity are known. Auctions and private listings are left out.';
COMMENT ON COLUMN mart.market_hourly.item_bids IS 'New bids on single items.';
COMMENT ON COLUMN mart.market_hourly.best_item_bid_raw IS
    'Highest price of one unit among them, in base units, rounded down; NULL where none is known.';
COMMENT ON COLUMN mart.market_hourly.collection_offers IS 'New offers for any item of the collection.';
COMMENT ON COLUMN mart.market_hourly.best_collection_offer_raw IS
    'Highest price of one unit among them, in base units, rounded down; NULL where none is known.';
COMMENT ON COLUMN mart.market_hourly.trait_offers IS 'New offers for any item with a trait.';
COMMENT ON COLUMN mart.market_hourly.best_trait_offer_raw IS
    'Highest price of one unit among them, in base units, rounded down; NULL where none is known.';
COMMENT ON COLUMN mart.market_hourly.cancels IS 'Orders of any kind that their makers cancelled.';
COMMENT ON COLUMN mart.market_hourly.invalidations IS
    'Orders that became invalid, such as by a transfer; an order counts once for each time.';
COMMENT ON COLUMN mart.market_hourly.revalidations IS 'Orders that became valid again.';
COMMENT ON COLUMN mart.market_hourly.transfers IS
    'Transfers from one wallet to another, those that sales made included; neither mints nor burns.';
COMMENT ON COLUMN mart.market_hourly.mints IS 'Transfers from the zero address.';
COMMENT ON COLUMN mart.market_hourly.burns IS 'Transfers to the zero address or to 0x…dead.';
COMMENT ON COLUMN mart.market_hourly.receivers IS 'Distinct wallets that received a transfer or a mint.';

-- Which hours' markets are known.

CREATE TABLE mart.market_hour (
    hour          timestamptz        PRIMARY KEY,
    is_known      boolean            NOT NULL,
    collectors    text[] COLLATE "C" NOT NULL,
    book_depth    integer            NOT NULL,
    has_transfers boolean            NOT NULL
);

COMMENT ON TABLE mart.market_hour IS
    'One row per loaded archive hour: whether mart.market_hourly has its market, and whether single orders and transfers '
    'of it were kept. An hour without a known market has no rows there, and is a gap in every book.';
COMMENT ON COLUMN mart.market_hour.hour IS 'Start of the archive hour, UTC.';
COMMENT ON COLUMN mart.market_hour.is_known IS
    'False after a load that left out a collector which an earlier one had read: what both add up to is not known until '
    'a load reads all of them.';
COMMENT ON COLUMN mart.market_hour.collectors IS 'The collectors that loads of the hour have read.';
COMMENT ON COLUMN mart.market_hour.book_depth IS
    'How many single orders were kept of each collection, payment token and side (TIDEMARK_BOOK_DEPTH); 0 for none.';
COMMENT ON COLUMN mart.market_hour.has_transfers IS 'Whether single transfers were kept (TIDEMARK_TRANSFERS).';

CREATE TABLE ops.event_count (
    source_hour timestamptz           NOT NULL,
    collector   text COLLATE "C"      NOT NULL,
    event_type  text COLLATE "C"      NOT NULL,
    messages    bigint                NOT NULL,
    loaded      bigint                NOT NULL,
    rejected    bigint                NOT NULL,
    PRIMARY KEY (source_hour, collector, event_type),
    CONSTRAINT every_message_is_read CHECK (messages = loaded + rejected)
);

COMMENT ON TABLE ops.event_count IS
    'One row per hour, collector and event type: how many messages the manifest counts, and how many the load read.';
COMMENT ON COLUMN ops.event_count.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.event_count.collector IS 'The collector.';
COMMENT ON COLUMN ops.event_count.event_type IS 'The event type, as the manifest names it.';
COMMENT ON COLUMN ops.event_count.messages IS 'Messages by the manifest.';
COMMENT ON COLUMN ops.event_count.loaded IS 'Those of them that the load could read.';
COMMENT ON COLUMN ops.event_count.rejected IS 'Those that it could not: ops.reject.';
COMMENT ON CONSTRAINT every_message_is_read ON ops.event_count IS 'A load that read fewer messages cannot be committed.';

CREATE TABLE ops.market_count (
    source_hour timestamptz                 NOT NULL,
    kind        text COLLATE "C"            NOT NULL,
    messages    bigint                      NOT NULL,
    counted     bigint                      NOT NULL,
    earlier     bigint                      NOT NULL,
    repeated    bigint                      NOT NULL,
    PRIMARY KEY (source_hour, kind),
    CONSTRAINT every_message_has_one_place CHECK (messages = counted + earlier + repeated)
);

COMMENT ON TABLE ops.market_count IS
    'One row per hour and kind of event: how the messages of all collectors became the counts of mart.market_hourly.';
COMMENT ON COLUMN ops.market_count.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN ops.market_count.kind IS
    'Kind of event: listing, item_bid, collection_offer, trait_offer, cancel, invalidation, revalidation, transfer, mint or burn.';
COMMENT ON COLUMN ops.market_count.messages IS 'Messages that the collectors received.';
COMMENT ON COLUMN ops.market_count.counted IS 'Events in mart.market_hourly.';
COMMENT ON COLUMN ops.market_count.earlier IS
    'Messages sent before the hour began that another collector received before, so that they count there.';
COMMENT ON COLUMN ops.market_count.repeated IS 'Messages of events that another message of the hour reported already.';
COMMENT ON CONSTRAINT every_message_has_one_place ON ops.market_count IS 'A load whose sums do not balance cannot be committed.';

-- Single orders, their ends, and the book that follows from them.

CREATE TABLE core.market_order (
    source_hour            timestamptz      NOT NULL,
    kind                   text COLLATE "C" NOT NULL CHECK (kind IN ('listing', 'collection_offer')),
    chain                  text COLLATE "C" NOT NULL,
    order_hash             text COLLATE "C" NOT NULL,
    collection_slug        text COLLATE "C" NOT NULL,
    contract_address       text COLLATE "C",
    token_id               text COLLATE "C",
    maker                  text COLLATE "C",
    quantity               numeric(78, 0)   NOT NULL CHECK (quantity > 0),
    price_raw              numeric(78, 0)   NOT NULL CHECK (price_raw >= 0),
    unit_price_raw         numeric(78, 0)   NOT NULL CHECK (unit_price_raw >= 0),
    payment_token_address  text COLLATE "C" NOT NULL,
    payment_token_symbol   text COLLATE "C",
    payment_token_decimals smallint,
    placed_at              timestamptz      NOT NULL,
    expires_at             timestamptz      NOT NULL,
    received_at            timestamptz      NOT NULL,
    PRIMARY KEY (source_hour, chain, order_hash)
);
CREATE INDEX market_order_collection ON core.market_order (collection_slug, expires_at);
CREATE INDEX market_order_token ON core.market_order (contract_address, token_id);

COMMENT ON TABLE core.market_order IS
    'One row per archive hour and order that it reports as placed: listings at a fixed price that anybody can buy, and '
    'offers for any item of a collection. Of each collection, payment token and hour only the best are kept '
    '(TIDEMARK_BOOK_DEPTH); core.market_order_rest says what was left out.';
COMMENT ON COLUMN core.market_order.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN core.market_order.kind IS 'listing or collection_offer.';
COMMENT ON COLUMN core.market_order.chain IS 'Chain, as in core.sale.';
COMMENT ON COLUMN core.market_order.order_hash IS 'Hash of the order.';
COMMENT ON COLUMN core.market_order.collection_slug IS 'Collection.';
COMMENT ON COLUMN core.market_order.contract_address IS 'Contract of the listed NFT; NULL for an offer.';
COMMENT ON COLUMN core.market_order.token_id IS 'Token id of the listed NFT; NULL for an offer.';
COMMENT ON COLUMN core.market_order.maker IS 'Wallet that made the order; NULL where unknown.';
COMMENT ON COLUMN core.market_order.quantity IS 'How many units the order is for.';
COMMENT ON COLUMN core.market_order.price_raw IS 'Price of all of them, in base units of the payment token.';
COMMENT ON COLUMN core.market_order.unit_price_raw IS
    'Price of one, in base units: rounded up for listings, down for bids.';
COMMENT ON COLUMN core.market_order.payment_token_address IS 'Contract of the payment token.';
COMMENT ON COLUMN core.market_order.payment_token_symbol IS 'Symbol of the payment token.';
COMMENT ON COLUMN core.market_order.payment_token_decimals IS 'How many decimals of it the _raw columns count.';
COMMENT ON COLUMN core.market_order.placed_at IS
    'Time of the event; the time of its receipt where the event''s is not within ten minutes before that.';
COMMENT ON COLUMN core.market_order.expires_at IS 'When the order ends by itself.';
COMMENT ON COLUMN core.market_order.received_at IS 'When a collector first received it in this hour.';

CREATE TABLE core.market_order_rest (
    source_hour           timestamptz      NOT NULL,
    kind                  text COLLATE "C" NOT NULL,
    chain                 text COLLATE "C" NOT NULL,
    collection_slug       text COLLATE "C" NOT NULL,
    payment_token_address text COLLATE "C" NOT NULL,
    orders                bigint           NOT NULL,
    unit_price_raw        numeric(78, 0)   NOT NULL,
    expires_at            timestamptz      NOT NULL,
    PRIMARY KEY (source_hour, kind, chain, collection_slug, payment_token_address)
);

COMMENT ON TABLE core.market_order_rest IS
    'One row per hour, kind, collection and payment token of which core.market_order keeps only the best orders: where '
    'the others begin. While they can be open, no price that is worse than theirs is known to be the best.';
COMMENT ON COLUMN core.market_order_rest.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN core.market_order_rest.kind IS 'listing or collection_offer.';
COMMENT ON COLUMN core.market_order_rest.chain IS 'Chain, as in core.sale.';
COMMENT ON COLUMN core.market_order_rest.collection_slug IS 'Collection.';
COMMENT ON COLUMN core.market_order_rest.payment_token_address IS 'Contract of the payment token.';
COMMENT ON COLUMN core.market_order_rest.orders IS 'How many were left out.';
COMMENT ON COLUMN core.market_order_rest.unit_price_raw IS 'The best price of one among those that were left out.';
COMMENT ON COLUMN core.market_order_rest.expires_at IS 'When the last of them ends.';

CREATE TABLE core.order_revision (
    source_hour     timestamptz      NOT NULL,
    kind            text COLLATE "C" NOT NULL CHECK (kind IN ('cancel', 'invalidation', 'revalidation')),
    chain           text COLLATE "C" NOT NULL,
    order_hash      text COLLATE "C" NOT NULL,
    collection_slug text COLLATE "C",
    revised_at      timestamptz      NOT NULL,
    received_at     timestamptz      NOT NULL,
    PRIMARY KEY (source_hour, chain, order_hash, kind, revised_at)
);
CREATE INDEX order_revision_order ON core.order_revision (order_hash);

COMMENT ON TABLE core.order_revision IS
    'One row per archive hour, order and time at which it was cancelled, or became invalid or valid again. Cancels of '
    'bids on single items, which are nine of ten, are left out.';
COMMENT ON COLUMN core.order_revision.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN core.order_revision.kind IS 'cancel, invalidation or revalidation.';
COMMENT ON COLUMN core.order_revision.chain IS 'Chain, as in core.sale.';
COMMENT ON COLUMN core.order_revision.order_hash IS 'Hash of the order, also of one that is not kept.';
COMMENT ON COLUMN core.order_revision.collection_slug IS 'Collection; NULL where the message names none.';
COMMENT ON COLUMN core.order_revision.revised_at IS 'When that happened; as core.market_order.placed_at.';
COMMENT ON COLUMN core.order_revision.received_at IS 'When a collector first received it in this hour.';

CREATE INDEX coverage_topic ON ops.coverage (topic, source_hour);

CREATE VIEW mart.book_coverage AS
SELECT coverage.topic, coverage.source_hour AS hour, coverage.collector, coverage.from_at, coverage.to_at
FROM ops.proven_coverage AS coverage
JOIN mart.market_hour AS market ON market.hour = coverage.source_hour
WHERE market.is_known AND market.book_depth > 0 AND coverage.collector NOT LIKE 'events-api-%'
    -- What filled an order is not in core.sale any more where its month is detached. An order is placed up to ten minutes
    -- before its receipt, so one that is received in the hour after can have been sold in the month.
    AND coverage.source_hour > (
        SELECT coalesce(max(month + interval '1 month') AT TIME ZONE 'UTC', '-infinity') FROM core.detached_month
    );

COMMENT ON VIEW mart.book_coverage IS
    'One row per topic, hour, collector and interval in which it covered the topic and single orders were kept: the times '
    'in which a book can be followed. Repairs do not count: the Events API does not know cancels. Nor do detached months, what '
    'is before them, and the hour after: sales that ended orders are gone from there.';
COMMENT ON COLUMN mart.book_coverage.topic IS 'The topic: that of a collection, or collection:* for all of them.';
COMMENT ON COLUMN mart.book_coverage.hour IS 'The hour of the archive.';
COMMENT ON COLUMN mart.book_coverage.collector IS 'The collector.';
COMMENT ON COLUMN mart.book_coverage.from_at IS 'Start of the interval, UTC.';
COMMENT ON COLUMN mart.book_coverage.to_at IS 'End of the interval, UTC, not included.';

CREATE FUNCTION mart.coverage_runs(collection_slug text) RETURNS TABLE (from_at timestamptz, to_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT lower(run), upper(run)
    FROM (
        SELECT unnest(range_agg(tstzrange(coverage.from_at, coverage.to_at))) AS run
        FROM mart.book_coverage AS coverage
        WHERE coverage.topic IN ('collection:' || coverage_runs.collection_slug, 'collection:*')
    ) AS covered;
END;
COMMENT ON FUNCTION mart.coverage_runs IS
    'The unbroken times in which at least one collector covered a collection and its book can be followed, over all hours.';

CREATE TABLE core.offer_token (
    chain   text COLLATE "C" PRIMARY KEY,
    address text COLLATE "C" NOT NULL
);
INSERT INTO core.offer_token (chain, address) VALUES
    ('ethereum', '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2'),
    ('abstract', '0x3439153eb7af838ad19d56e1571fbd09333c2809'),
    ('ape_chain', '0x48b62137edfa95a428d35c09e44256a739f6b557'),
    ('arbitrum', '0x82af49447d8a07e3bd95bd0d56f35241523fbab1'),
    ('b3', '0x4200000000000000000000000000000000000006'),
    ('base', '0x4200000000000000000000000000000000000006'),
    ('bera_chain', '0x6969696969696969696969696969696969696969'),
    ('blast', '0x4300000000000000000000000000000000000004'),
    ('gunzilla', '0x5aad7bba61d95c2c4e525a35f4062040264611f1'),
    ('hyperevm', '0x5555555555555555555555555555555555555555'),
    ('megaeth', '0x4200000000000000000000000000000000000006'),
    ('monad', '0x3bd359c1119da7da1d913d1c4d2b7c461115433a'),
    ('optimism', '0x4200000000000000000000000000000000000006'),
    ('sei', '0xe30fedd158a2e3b13e9badaeabafc5516e95e8c7'),
    ('shape', '0x4200000000000000000000000000000000000006'),
    ('somnia', '0x046ede9564a72571df6f5e44d0405360c0f4dcab'),
    ('soneium', '0x4200000000000000000000000000000000000006'),
    ('unichain', '0x4200000000000000000000000000000000000006'),
    ('zora', '0x4200000000000000000000000000000000000006');

COMMENT ON TABLE core.offer_token IS
    'One row per chain whose listings are in its own coin: the wrapped form of that coin, in which offers are made. One '
    'unit of it is one coin, so the two sides of a book can be compared.';
COMMENT ON COLUMN core.offer_token.chain IS 'Chain, as in core.sale.';
COMMENT ON COLUMN core.offer_token.address IS 'Contract of the wrapped coin.';

CREATE FUNCTION mart.order_intervals(collection_slug text, since timestamptz, until timestamptz, kind text DEFAULT NULL)
RETURNS TABLE (
    kind text, chain text, order_hash text, contract_address text, token_id text, maker text, quantity numeric,
    unit_price_raw numeric, payment_token_address text, payment_token_symbol text, payment_token_decimals smallint, coin text,
    placed_at timestamptz, from_at timestamptz, to_at timestamptz, ended_by text, outcome text, possible_to timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH run AS MATERIALIZED (
        SELECT run.from_at, run.to_at
        FROM mart.coverage_runs(order_intervals.collection_slug) AS run
        WHERE run.to_at > order_intervals.since
    ),
    -- Once for each unbroken coverage in which it was received; units are the most that were seen in any. Hashes come first in
    -- what is sorted: nearly all orders are on the same chain, so to compare that first decides nothing.
    seen AS MATERIALIZED (
        SELECT once.*, max(once.quantity) OVER (PARTITION BY once.order_hash, once.chain) AS units
        FROM (
            SELECT DISTINCT ON (placed.order_hash, placed.chain, run.from_at)
                placed.kind, placed.chain, placed.order_hash, placed.contract_address, placed.token_id, placed.maker,
                placed.quantity, placed.unit_price_raw, placed.payment_token_address, placed.payment_token_symbol,
                placed.payment_token_decimals, placed.placed_at, placed.expires_at,
                greatest(placed.placed_at, run.from_at) AS seen_at, run.to_at AS run_to
            FROM core.market_order AS placed
            JOIN run ON placed.received_at >= run.from_at AND placed.received_at < run.to_at
            WHERE placed.collection_slug = order_intervals.collection_slug
                AND placed.expires_at > order_intervals.since AND placed.placed_at < order_intervals.until
                AND (order_intervals.kind IS NULL OR placed.kind = order_intervals.kind)
            ORDER BY placed.order_hash, placed.chain, run.from_at, placed.received_at
        ) AS once
    ),
    sale AS MATERIALIZED (
        SELECT
            sale.chain, sale.order_hash, sale.contract_address, sale.token_id, sale.sold_at, sale.quantity,
            CASE
                WHEN sale.order_hash IS NOT NULL THEN NULL
                WHEN sale.maker IS NOT NULL AND sale.taker IS NOT NULL THEN ARRAY[sale.maker, sale.taker]
                WHEN sale.seller IS NOT NULL AND sale.buyer IS NOT NULL THEN ARRAY[sale.seller, sale.buyer]
            END AS parties
        FROM core.sale
        WHERE (sale.collection_slug = order_intervals.collection_slug OR sale.collection_slug IS NULL)  -- one may name none
            AND sale.sold_at >= (SELECT min(seen.placed_at) FROM seen) - interval '1 hour'
    ),
    -- the orders that one of these can have filled: few, where every sale names its order
    placed AS MATERIALIZED (
        SELECT seen.chain, seen.order_hash, max(seen.quantity) AS quantity, min(seen.placed_at) AS placed_at,
            min(seen.contract_address) AS contract_address, min(seen.token_id) AS token_id, min(seen.maker) AS maker
        FROM seen
        WHERE seen.order_hash IN (SELECT sale.order_hash FROM sale) OR EXISTS (SELECT FROM sale WHERE sale.order_hash IS NULL)
        GROUP BY seen.chain, seen.order_hash
    ),
    -- A sale that names no order is of any order of its parties that it can have filled. A block is up to 15 seconds long.
    fill AS (
        SELECT placed.chain, placed.order_hash, placed.quantity, sale.sold_at AS at, coalesce(sale.quantity, 1) AS units,
            sale.quantity IS NULL AS is_vague
        FROM placed
        JOIN sale ON sale.chain = placed.chain AND sale.order_hash = placed.order_hash
        UNION ALL
        SELECT placed.chain, placed.order_hash, placed.quantity, sale.sold_at, 0, true
        FROM placed
        JOIN sale ON sale.chain = placed.chain AND sale.order_hash IS NULL
            AND sale.sold_at >= placed.placed_at - interval '15 seconds'
            AND (placed.token_id IS NULL OR (sale.contract_address, sale.token_id) = (placed.contract_address, placed.token_id))
            AND coalesce(placed.maker = ANY(sale.parties), true)
    ),
    -- what is left of an order after each sale of it; where a sale does not say of how many or of which order, nothing is
    -- known to be left, and not that it is sold out
    filled AS MATERIALIZED (
        SELECT DISTINCT fill.chain, fill.order_hash, fill.quantity, fill.at, CASE
            WHEN bool_or(fill.is_vague) OVER earlier THEN 0
            ELSE greatest(fill.quantity - sum(fill.units) OVER earlier, 0)
        END AS units_left,
        fill.quantity <= sum(fill.units) OVER earlier AS is_sold_out
        FROM fill
        WINDOW earlier AS (PARTITION BY fill.chain, fill.order_hash ORDER BY fill.at)
    ),
    sold AS (
        SELECT filled.chain, filled.order_hash, min(filled.at) AS at, min(filled.at) FILTER (WHERE filled.is_sold_out) AS out_at
        FROM filled
        WHERE filled.units_left = 0
        GROUP BY filled.chain, filled.order_hash
    ),
    -- how many units were left of the orders that sales filled, and from when until when
    stepped AS (
        SELECT step.chain, step.order_hash, step.at, step.units_left,
            lead(step.at, 1, 'infinity') OVER (PARTITION BY step.chain, step.order_hash ORDER BY step.at) AS until
        FROM (
            SELECT DISTINCT filled.chain, filled.order_hash, '-infinity'::timestamptz AS at, filled.quantity AS units_left FROM filled
            UNION ALL
            SELECT filled.chain, filled.order_hash, filled.at, filled.units_left FROM filled
        ) AS step
    ),
    -- is_broken: more happened to it than its end
    ended AS (
        SELECT
            seen.*, revised.cancelled_at, sold.at AS sold_at, sold.out_at AS sold_out_at,
            least(seen.expires_at, seen.run_to, revised.cancelled_at, sold.at) AS end_at,
            coalesce(stepped.at, '-infinity') AS step_at, coalesce(stepped.until, 'infinity') AS until,
            coalesce(stepped.units_left, seen.units) AS units_left,
            stepped.at IS NOT NULL OR coalesce(revised.is_turned, false) AS is_broken
        FROM seen
        CROSS JOIN LATERAL (
            SELECT min(revision.revised_at) FILTER (WHERE revision.kind = 'cancel') AS cancelled_at,
                bool_or(revision.kind <> 'cancel') AS is_turned
            FROM core.order_revision AS revision
            WHERE revision.order_hash = seen.order_hash AND revision.chain = seen.chain
        ) AS revised
        LEFT JOIN sold ON sold.chain = seen.chain AND sold.order_hash = seen.order_hash
        LEFT JOIN stepped ON stepped.chain = seen.chain AND stepped.order_hash = seen.order_hash
    ),
    -- an order that was never open, such as one that was sold in the second of its placing, has an empty interval
    spanned AS (
        SELECT ended.*, span.*
        FROM ended
        CROSS JOIN LATERAL (
            -- nearly all are open from their placing to their end, which takes no arithmetic with ranges
            SELECT ended.seen_at AS from_at, greatest(ended.seen_at, ended.end_at) AS to_at, NULL::timestamptz AS possible_to
            WHERE NOT ended.is_broken
            UNION ALL
            SELECT
                coalesce(lower(span), ended.seen_at), coalesce(upper(span), ended.seen_at),
                CASE
                    WHEN isempty(opened.open) OR upper(span) = upper(opened.open) THEN least(
                        ended.expires_at, ended.run_to, ended.cancelled_at, ended.sold_out_at,
                        (SELECT lower(endless) FROM unnest(invalid.spans) AS endless WHERE upper_inf(endless))
                    )
                END
            FROM (
                -- from each invalidation until the next revalidation, if there is one
                SELECT coalesce(range_agg(tstzrange(turned.revised_at, turned.until)), '{}') AS spans
                FROM (
                    SELECT revision.kind, revision.revised_at,
                        lead(revision.revised_at) OVER (ORDER BY revision.revised_at, revision.kind DESC) AS until
                    FROM core.order_revision AS revision
                    WHERE revision.order_hash = ended.order_hash AND revision.chain = ended.chain AND revision.kind <> 'cancel'
                ) AS turned
                WHERE turned.kind = 'invalidation'
            ) AS invalid
            CROSS JOIN LATERAL (
                SELECT tstzmultirange(tstzrange(ended.seen_at, greatest(ended.seen_at, ended.end_at))) - invalid.spans AS open
            ) AS opened
            CROSS JOIN LATERAL (
                SELECT unnest(opened.open * tstzmultirange(tstzrange(ended.step_at, ended.until))) AS span
                UNION ALL
                SELECT NULL WHERE isempty(opened.open) AND ended.step_at = '-infinity'
            ) AS part
            WHERE ended.is_broken
        ) AS span
    ),
    labelled AS (
        SELECT spanned.*, CASE
            WHEN spanned.to_at < least(spanned.end_at, spanned.until) THEN 'invalidated'
            WHEN spanned.to_at >= spanned.sold_out_at THEN 'sold'
            WHEN spanned.to_at >= spanned.sold_at THEN 'unknown'
            WHEN spanned.to_at = spanned.until THEN 'partly sold'
            WHEN spanned.to_at >= spanned.cancelled_at THEN 'cancelled'
            WHEN spanned.to_at >= spanned.expires_at THEN 'expired'
            WHEN spanned.to_at >= spanned.run_to THEN 'unknown'
            ELSE 'invalidated'
        END AS ended_by
        FROM spanned
    )
    SELECT
        labelled.kind, labelled.chain, labelled.order_hash, labelled.contract_address, labelled.token_id, labelled.maker,
        labelled.units_left, labelled.unit_price_raw, labelled.payment_token_address, labelled.payment_token_symbol,
        labelled.payment_token_decimals,
        CASE WHEN token.address IS NULL THEN labelled.payment_token_address ELSE '0x0000000000000000000000000000000000000000' END,
        labelled.placed_at, labelled.from_at, labelled.to_at, labelled.ended_by,
        CASE
            WHEN labelled.sold_out_at IS NOT NULL THEN 'sold'
            WHEN labelled.cancelled_at IS NOT NULL THEN 'cancelled'
            ELSE last_value(labelled.ended_by) OVER (
                PARTITION BY labelled.order_hash, labelled.chain ORDER BY labelled.from_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )
        END,
        CASE WHEN labelled.possible_to > labelled.end_at THEN labelled.possible_to END
    FROM labelled
    LEFT JOIN core.offer_token AS token ON token.chain = labelled.chain AND token.address = labelled.payment_token_address;
END;
COMMENT ON FUNCTION mart.order_intervals IS
    'One row per order of a collection (of one kind, or all) that can be open in [since, until), and time in which it is '
    'known to have been open with `quantity` units left, [from_at, to_at): from its placing until a sale, cancel, '
    'invalidation or its expiry, or (ended_by is unknown) until the coverage broke, because what happened to it then was not '
    'recorded, or until a sale that does not say which order it filled, or of how many units. After such a sale it may be '
    'open until possible_to, which is NULL otherwise. from_at and to_at are equal where it was never open. outcome says what '
    'became of the order in the end, also after a gap. coin is the payment token, or the chain''s own coin for its wrapped '
    'form.';

CREATE FUNCTION mart.book(collection_slug text, since timestamptz, until timestamptz, step interval, known_after interval)
RETURNS TABLE (
    at timestamptz, chain text, coin text, payment_token_symbol text,
    is_floor_known boolean, floor numeric, listings bigint, listed_items bigint, listings_complete_to numeric,
    is_offer_known boolean, best_offer numeric, offers bigint, offered_items numeric, offers_complete_to numeric
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH interval AS MATERIALIZED (
        -- not all columns: what is not read is not computed
        SELECT interval.kind, interval.chain, interval.coin, interval.contract_address, interval.token_id, interval.quantity,
            interval.unit_price_raw, interval.payment_token_address, interval.payment_token_symbol,
            interval.payment_token_decimals, interval.from_at, interval.to_at, interval.possible_to
        FROM mart.order_intervals(book.collection_slug, book.since, book.until) AS interval
    ),
    open AS MATERIALIZED (
        SELECT interval.* FROM interval WHERE interval.from_at < book.until AND interval.to_at > book.since
    ),
    -- the payment token with the most listings, or else offers, of each chain; other tokens are left out
    main AS MATERIALIZED (
        SELECT DISTINCT ON (open.chain) open.chain, open.coin, mode() WITHIN GROUP (ORDER BY open.payment_token_decimals) AS decimals,
            coalesce(mode() WITHIN GROUP (ORDER BY open.payment_token_symbol COLLATE "C") FILTER (WHERE open.payment_token_address = open.coin),
                mode() WITHIN GROUP (ORDER BY open.payment_token_symbol COLLATE "C")) AS symbol
        FROM open
        WHERE open.payment_token_decimals IS NOT NULL
        GROUP BY open.chain, open.coin
        ORDER BY open.chain, count(*) FILTER (WHERE open.kind = 'listing') DESC, count(*) DESC, open.coin COLLATE "C"
    ),
    run AS MATERIALIZED (
        SELECT run.* FROM mart.coverage_runs(book.collection_slug) AS run
    ),
    instant AS MATERIALIZED (
        SELECT instant.at, run.from_at AS run_from, coalesce(run.from_at + book.known_after <= instant.at, false) AS is_covered
        FROM (
            SELECT book.since + number * book.step AS at
            FROM generate_series(1, floor(extract(epoch FROM book.until - book.since) / extract(epoch FROM book.step))::integer) AS number
        ) AS instant
        LEFT JOIN run ON run.from_at < instant.at AND run.to_at >= instant.at
    ),
    -- the first instant in (from_at, to_at], and the one after the last; times are quicker to reckon with than the exact numbers
    -- of seconds that extract gives
    span AS MATERIALIZED (
        SELECT open.*, instants.first_at, instants.after_at
        FROM open
        JOIN main ON main.chain = open.chain AND main.coin = open.coin
        CROSS JOIN LATERAL (
            SELECT
                date_bin(book.step, greatest(open.from_at, book.since), book.since) + book.step AS first_at,
                date_bin(book.step, least(open.to_at, book.until), book.since) + book.step AS after_at
        ) AS instants
        WHERE instants.first_at < instants.after_at
    ),
    -- of orders that begin together, those that are better than each that ends with them or later: one of these is the best
    better AS (
        SELECT ranked.*
        FROM (
            SELECT span.chain, span.kind, span.first_at, span.after_at, worth.*, min(worth.price) OVER (
                PARTITION BY span.first_at, span.kind, span.chain ORDER BY span.after_at DESC, worth.price
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS longer
            FROM span
            CROSS JOIN LATERAL (SELECT CASE span.kind WHEN 'listing' THEN 1 ELSE -1 END * span.unit_price_raw AS price) AS worth
        ) AS ranked
        WHERE (ranked.price >= ranked.longer) IS NOT TRUE
    ),
    best AS (
        SELECT
            better.chain, at,
            min(better.price) FILTER (WHERE better.kind = 'listing') AS floor_raw,
            -min(better.price) FILTER (WHERE better.kind = 'collection_offer') AS offer_raw
        FROM better
        CROSS JOIN LATERAL generate_series(better.first_at, better.after_at - book.step, book.step) AS at
        GROUP BY better.chain, at
    ),
    -- how many orders begin to be open, less those that ended
    order_change AS (
        SELECT
            span.chain, change.at,
            sum(change.orders) FILTER (WHERE span.kind = 'listing') AS listings,
            sum(change.orders) FILTER (WHERE span.kind = 'collection_offer') AS offers,
            sum(change.orders * span.quantity) FILTER (WHERE span.kind = 'collection_offer') AS offered_items
        FROM span
        CROSS JOIN LATERAL (VALUES (span.first_at, 1), (span.after_at, -1)) AS change (at, orders)
        GROUP BY change.at, span.chain
    ),
    -- how many items begin to be listed, and how many end; an item counts once however often it is listed
    item_change AS (
        SELECT item.chain, change.at, sum(change.items) AS items
        FROM (
            SELECT span.chain, unnest(range_agg(tstzrange(span.first_at, span.after_at))) AS listed
            FROM span
            WHERE span.kind = 'listing'
            GROUP BY span.token_id, span.contract_address, span.chain
        ) AS item
        CROSS JOIN LATERAL (VALUES (lower(item.listed), 1), (upper(item.listed), -1)) AS change (at, items)
        GROUP BY change.at, item.chain
    ),
    priced AS (
        SELECT
            instant.at, instant.run_from, instant.is_covered, main.chain, main.coin, main.symbol, ('1e-' || main.decimals)::numeric AS unit,
            best.floor_raw, best.offer_raw,
            sum(coalesce(order_change.listings, 0)) OVER earlier::bigint AS listings,
            sum(coalesce(item_change.items, 0)) OVER earlier::bigint AS listed_items,
            sum(coalesce(order_change.offers, 0)) OVER earlier::bigint AS offers,
            sum(coalesce(order_change.offered_items, 0)) OVER earlier AS offered_items
        FROM instant
        CROSS JOIN main
        LEFT JOIN best ON best.at = instant.at AND best.chain = main.chain
        LEFT JOIN order_change ON order_change.at = instant.at AND order_change.chain = main.chain
        LEFT JOIN item_change ON item_change.at = instant.at AND item_change.chain = main.chain
        WINDOW earlier AS (PARTITION BY main.chain ORDER BY instant.at)
    ),
    -- the best of the orders that were left out since the coverage began and can still be open
    rest AS MATERIALIZED (
        SELECT rest.kind, rest.chain, rest.source_hour, rest.unit_price_raw, rest.expires_at,
            CASE WHEN token.address IS NULL THEN rest.payment_token_address ELSE '0x0000000000000000000000000000000000000000' END AS coin
        FROM core.market_order_rest AS rest
        LEFT JOIN core.offer_token AS token ON token.chain = rest.chain AND token.address = rest.payment_token_address
        WHERE rest.collection_slug = book.collection_slug AND rest.expires_at > book.since AND rest.source_hour < book.until
    ),
    -- orders of which a sale did not say how many units it left
    possible AS MATERIALIZED (
        SELECT interval.kind, interval.chain, interval.coin, interval.unit_price_raw, interval.to_at, interval.possible_to
        FROM interval
        WHERE interval.possible_to > book.since
    ),
    bounded AS (
        SELECT priced.*, more.listed_raw AS more_listed_raw, more.offered_raw AS more_offered_raw,
            priced.is_covered AND (more.listed_raw IS NULL OR priced.floor_raw <= more.listed_raw) IS TRUE AS is_floor_known,
            priced.is_covered AND (more.offered_raw IS NULL OR priced.offer_raw >= more.offered_raw) IS TRUE AS is_offer_known
        FROM priced
        CROSS JOIN LATERAL (
            SELECT min(other.unit_price_raw) FILTER (WHERE other.kind = 'listing') AS listed_raw,
                max(other.unit_price_raw) FILTER (WHERE other.kind = 'collection_offer') AS offered_raw
            FROM (
                SELECT rest.kind, rest.unit_price_raw
                FROM rest
                WHERE rest.chain = priced.chain AND rest.coin = priced.coin AND rest.expires_at > priced.at
                    AND rest.source_hour < priced.at AND rest.source_hour + interval '1 hour' > priced.run_from
                UNION ALL
                SELECT possible.kind, possible.unit_price_raw
                FROM possible
                WHERE possible.chain = priced.chain AND possible.coin = priced.coin
                    AND possible.to_at < priced.at AND possible.possible_to >= priced.at
            ) AS other
        ) AS more
    )
    SELECT
        bounded.at, bounded.chain, bounded.coin, bounded.symbol,
        bounded.is_floor_known,
        CASE WHEN bounded.is_floor_known THEN bounded.floor_raw * bounded.unit END,
        CASE WHEN bounded.is_covered AND bounded.more_listed_raw IS NULL THEN bounded.listings END,
        CASE WHEN bounded.is_covered AND bounded.more_listed_raw IS NULL THEN bounded.listed_items END,
        CASE WHEN bounded.is_covered THEN bounded.more_listed_raw * bounded.unit END,
        bounded.is_offer_known,
        CASE WHEN bounded.is_offer_known THEN bounded.offer_raw * bounded.unit END,
        CASE WHEN bounded.is_covered AND bounded.more_offered_raw IS NULL THEN bounded.offers END,
        CASE WHEN bounded.is_covered AND bounded.more_offered_raw IS NULL THEN bounded.offered_items END,
        CASE WHEN bounded.is_covered THEN bounded.more_offered_raw * bounded.unit END
    FROM bounded
    ORDER BY bounded.at, bounded.chain;
END;
COMMENT ON FUNCTION mart.book IS
    'The best listing and the best collection offer of a collection at the end of each step of [since, until), in the '
    'payment token of most listings. A price is NULL where it is not known: in gaps, for known_after from the start of each '
    'unbroken coverage on, and where a better order may have been left out (core.market_order_rest) or may have units left '
    'after a sale that does not say how many it took. Orders may be missing from the price complete_to on; their counts are '
    'NULL then.';

-- Single transfers.

CREATE TABLE core.transfer (
    source_hour      timestamptz      NOT NULL,
    kind             text COLLATE "C" NOT NULL CHECK (kind IN ('transfer', 'mint', 'burn')),
    chain            text COLLATE "C" NOT NULL,
    contract_address text COLLATE "C" NOT NULL,
    token_id         text COLLATE "C" NOT NULL,
    collection_slug  text COLLATE "C",
    sender           text COLLATE "C",
    recipient        text COLLATE "C",
    quantity         numeric(78, 0),
    transaction_hash text COLLATE "C" NOT NULL,
    transferred_at   timestamptz      NOT NULL,
    received_at      timestamptz      NOT NULL
);
CREATE UNIQUE INDEX transfer_key ON core.transfer (
    source_hour, transaction_hash, token_id, contract_address, chain, coalesce(sender, ''), coalesce(recipient, ''), coalesce(quantity, -1)
);
CREATE INDEX transfer_collection ON core.transfer (collection_slug, transferred_at);
CREATE INDEX transfer_token ON core.transfer (contract_address, token_id);

COMMENT ON TABLE core.transfer IS
    'One row per archive hour and transfer that it reports, sales included; kept where TIDEMARK_TRANSFERS says so. '
    'Equal transfers of one transaction, with the same wallets, token and quantity, are one row.';
COMMENT ON COLUMN core.transfer.source_hour IS 'The hour of the archive.';
COMMENT ON COLUMN core.transfer.kind IS
    'mint: from the zero address; burn: to the zero address or to 0x…dead; transfer: from wallet to wallet.';
COMMENT ON COLUMN core.transfer.chain IS 'Chain, as in core.sale.';
COMMENT ON COLUMN core.transfer.contract_address IS 'Contract of the NFT, lower case on EVM chains.';
COMMENT ON COLUMN core.transfer.token_id IS 'Token id as text.';
COMMENT ON COLUMN core.transfer.collection_slug IS 'Collection; NULL where the message names none.';
COMMENT ON COLUMN core.transfer.sender IS 'From whom; NULL where unknown.';
COMMENT ON COLUMN core.transfer.recipient IS 'To whom; NULL where unknown.';
COMMENT ON COLUMN core.transfer.quantity IS 'How many units; NULL where unknown.';
COMMENT ON COLUMN core.transfer.transaction_hash IS 'The transaction.';
COMMENT ON COLUMN core.transfer.transferred_at IS 'Time of the event; as core.market_order.placed_at.';
COMMENT ON COLUMN core.transfer.received_at IS 'When a collector first received it in this hour.';

CREATE VIEW mart.transfers AS
SELECT DISTINCT ON (transaction_hash, token_id, contract_address, chain, sender, recipient, quantity)
    transferred_at, kind, chain, collection_slug, contract_address, token_id, sender, recipient, quantity, transaction_hash
FROM core.transfer
ORDER BY transaction_hash, token_id, contract_address, chain, sender, recipient, quantity, received_at, source_hour;

COMMENT ON VIEW mart.transfers IS 'One row per transfer, mint or burn, however often it was broadcast: core.transfer over all hours.';
COMMENT ON COLUMN mart.transfers.transferred_at IS 'When it happened, UTC.';
COMMENT ON COLUMN mart.transfers.kind IS 'transfer, mint or burn.';
COMMENT ON COLUMN mart.transfers.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.transfers.collection_slug IS 'Collection; NULL where the message names none.';
COMMENT ON COLUMN mart.transfers.contract_address IS 'Contract of the NFT.';
COMMENT ON COLUMN mart.transfers.token_id IS 'Token id as text.';
COMMENT ON COLUMN mart.transfers.sender IS 'From whom; the zero address for a mint.';
COMMENT ON COLUMN mart.transfers.recipient IS 'To whom; the zero address or 0x…dead for a burn.';
COMMENT ON COLUMN mart.transfers.quantity IS 'How many units; NULL where unknown.';
COMMENT ON COLUMN mart.transfers.transaction_hash IS 'The transaction.';

CREATE FUNCTION mart.holdings(collection_slug text, until timestamptz)
RETURNS TABLE (chain text, contract_address text, token_id text, wallet text, quantity numeric, since timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH moved AS (
        SELECT moved.kind, moved.chain, moved.contract_address, moved.token_id, moved.sender, moved.recipient, moved.quantity,
            min(moved.transferred_at) AS at
        FROM core.transfer AS moved
        WHERE moved.collection_slug = holdings.collection_slug AND moved.transferred_at < holdings.until AND moved.quantity IS NOT NULL
        GROUP BY moved.kind, moved.chain, moved.contract_address, moved.token_id, moved.sender, moved.recipient, moved.quantity, moved.transaction_hash
    ),
    -- whether a transfer hands on what the one before it brought, all of it
    linked AS MATERIALIZED (
        SELECT moved.*, lead(moved.at) OVER token IS NULL AS is_last,
            moved.sender IS DISTINCT FROM moved.recipient AND coalesce(
                lag(CASE moved.kind WHEN 'burn' THEN 'nobody' ELSE moved.recipient END) OVER token
                    = CASE moved.kind WHEN 'mint' THEN 'nobody' ELSE moved.sender END
                AND lag(moved.quantity) OVER token = moved.quantity AND lag(moved.at) OVER token < moved.at,
                lag(moved.at) OVER token IS NULL
            ) AS is_handed_on
        FROM moved
        WINDOW token AS (PARTITION BY moved.token_id, moved.contract_address, moved.chain ORDER BY moved.at)
    ),
    broken AS (
        SELECT DISTINCT linked.token_id, linked.contract_address, linked.chain FROM linked WHERE NOT linked.is_handed_on
    ),
    -- A token that went from hand to hand is with whom it went to last; so for most nothing has to be added up. For the others
    -- every change of what a wallet has is needed.
    change AS (
        SELECT linked.recipient AS wallet, linked.chain, linked.contract_address, linked.token_id, linked.quantity AS change, linked.at
        FROM linked
        WHERE linked.kind <> 'burn' AND linked.recipient IS NOT NULL
            AND (linked.is_last OR (linked.token_id, linked.contract_address, linked.chain) IN (SELECT broken.* FROM broken))
        UNION ALL
        SELECT linked.sender, linked.chain, linked.contract_address, linked.token_id, -linked.quantity, linked.at
        FROM linked
        WHERE linked.kind <> 'mint' AND linked.sender IS NOT NULL
            AND (linked.token_id, linked.contract_address, linked.chain) IN (SELECT broken.* FROM broken)
    ),
    balance AS (
        SELECT change.*, sum(change.change) OVER earlier AS balance
        FROM change
        WINDOW earlier AS (
            PARTITION BY change.wallet, change.chain, change.contract_address, change.token_id
            ORDER BY change.at, change.change DESC ROWS UNBOUNDED PRECEDING
        )
    ),
    -- who sends what it was not seen to receive had it before the record began
    stock AS (
        SELECT
            balance.chain, balance.contract_address, balance.token_id, balance.wallet,
            sum(balance.change) - least(0, min(balance.balance)) AS quantity,
            max(balance.at) FILTER (WHERE balance.change > 0) AS since
        FROM balance
        GROUP BY balance.wallet, balance.chain, balance.contract_address, balance.token_id
    )
    SELECT stock.chain, stock.contract_address, stock.token_id, stock.wallet, stock.quantity, stock.since
    FROM stock
    WHERE stock.quantity > 0;
END;
COMMENT ON FUNCTION mart.holdings IS
    'One row per token and wallet of a collection that holds it at a time, as far as recorded transfers show: what '
    'moved before the record began, in gaps, or while transfers were not kept is unknown.';

REVOKE ALL ON FUNCTION mart.coverage_runs, mart.order_intervals, mart.book, mart.holdings FROM PUBLIC;
