-- Grain: one row of mart.sale_flags per signal on a sale of the day, or on a sale within its reach of a token that was sold that day.
CREATE TEMP TABLE method ON COMMIT DROP AS
SELECT method, signal, suspects, make_interval(hours => 24 * days) AS span, times
FROM mart.flag_method
WHERE method = (SELECT max(method) FROM mart.flag_method);

CREATE TEMP TABLE day_sale ON COMMIT DROP AS
SELECT
    sale_uid, sold_at, source_hour, chain, collection_slug, coalesce(collection_slug, contract_address) AS collection,
    contract_address, token_id, transaction_hash, maker, taker, seller, buyer,
    price_eth / nullif(quantity, 0) AS unit_price_eth, price_eth, price_usd, quantity,
    mart.is_impossible(price_raw, price_eth, price_usd) AS is_impossible
FROM core.sale
WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND source_hour >= core.received_from(:day);
ANALYZE day_sale;

-- Grain: one row per sale near the day of a token that was sold on it. A sale's own flags depend on those within one reach of it, and
-- the day's sales change the flags of those within one reach of the day (is_judged). Of an edition there are many, so buying another
-- one is nothing to suspect; one message that says so is enough for the time after it.
CREATE TEMP TABLE history ON COMMIT DROP AS
WITH widest AS (
    SELECT max(span) AS reach FROM method WHERE signal IN ('back_and_forth', 'bought_again')
)
SELECT *
FROM (
    SELECT
        sale.sale_uid, sale.sold_at, sale.chain, sale.contract_address, sale.token_id, sale.seller, sale.buyer,
        sale.sold_at >= :day - reach AND sale.sold_at < :day + interval '24 hours' + reach AS is_judged,
        coalesce(bool_or(sale.quantity > 1 OR sale.token_standard = 'erc1155') OVER before, false) AS is_edition
    FROM (SELECT DISTINCT chain, contract_address, token_id FROM day_sale) AS token
    JOIN core.sale AS sale USING (chain, contract_address, token_id)
    CROSS JOIN widest
    WHERE sale.sold_at >= :day - 2 * reach AND sale.sold_at < :day + interval '24 hours' + 2 * reach
        AND sale.source_hour >= core.received_from(:day - 2 * reach)
    WINDOW before AS (
        PARTITION BY sale.chain, sale.contract_address, sale.token_id ORDER BY sale.sold_at
        RANGE BETWEEN (SELECT reach FROM widest) PRECEDING AND CURRENT ROW
    )
) AS sale
WHERE seller <> buyer;
CREATE INDEX ON history (token_id, contract_address, seller, buyer);
ANALYZE history;

-- Grain: one row per sale of those and signal.
CREATE TEMP TABLE found (sale_uid uuid, sold_at timestamptz, signal text COLLATE "C") ON COMMIT DROP;

INSERT INTO found
SELECT sale_uid, sold_at, 'self_trade'
FROM day_sale
WHERE maker = taker OR seller = buyer;

INSERT INTO found
SELECT sale.sale_uid, sale.sold_at, 'back_and_forth'
FROM history AS sale, method
WHERE method.signal = 'back_and_forth' AND sale.is_judged
    AND EXISTS (
        SELECT
        FROM history AS back
        WHERE back.chain = sale.chain AND back.contract_address = sale.contract_address AND back.token_id = sale.token_id
            AND back.seller = sale.buyer AND back.buyer = sale.seller
            AND back.sold_at BETWEEN sale.sold_at - method.span AND sale.sold_at + method.span
    );

INSERT INTO found
WITH deal AS (
    SELECT
        sale_uid, sold_at, is_judged AND NOT is_edition AS is_judged, chain, contract_address, token_id, buyer AS wallet,
        sold_at AS bought_at, NULL::timestamptz AS gave_at
    FROM history
    UNION ALL
    SELECT sale_uid, sold_at, false, chain, contract_address, token_id, seller, NULL, sold_at
    FROM history
),
-- for each sale by a wallet, the last time it had bought the token before
left_again AS (
    SELECT *, CASE WHEN gave_at IS NOT NULL THEN max(bought_at) OVER earlier END AS had_bought_at
    FROM deal
    WINDOW earlier AS (
        PARTITION BY chain, contract_address, token_id, wallet ORDER BY sold_at
        RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING
    )
),
-- for each purchase, the last time the wallet had bought the token before it sold it
bought_again AS (
    SELECT *, max(had_bought_at) OVER earlier AS first_bought_at
    FROM left_again
    WINDOW earlier AS (
        PARTITION BY chain, contract_address, token_id, wallet ORDER BY sold_at
        RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING
    )
)
SELECT sale_uid, sold_at, 'bought_again'
FROM bought_again, method
WHERE method.signal = 'bought_again' AND is_judged AND bought_at - first_bought_at <= method.span;

INSERT INTO found
WITH pair AS (
    SELECT chain, contract_address, least(seller, buyer) AS one, greatest(seller, buyer) AS other
    FROM day_sale
    WHERE seller <> buyer
    GROUP BY 1, 2, 3, 4
    HAVING count(DISTINCT transaction_hash) >= (SELECT times FROM method WHERE signal = 'same_pair')
)
SELECT sale.sale_uid, sale.sold_at, 'same_pair'
FROM day_sale AS sale
JOIN pair
    ON pair.chain = sale.chain AND pair.contract_address = sale.contract_address
    AND pair.one = least(sale.seller, sale.buyer) AND pair.other = greatest(sale.seller, sale.buyer);

INSERT INTO found
WITH usual AS (
    SELECT
        chain, collection,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) AS median,
        (SELECT times FROM method WHERE signal = 'price_outlier') AS times
    FROM day_sale
    GROUP BY chain, collection
    HAVING count(unit_price_eth) >= (SELECT times FROM method WHERE signal = 'price_outlier')
)
SELECT sale.sale_uid, sale.sold_at, 'price_outlier'
FROM day_sale AS sale
JOIN usual USING (chain, collection)
WHERE usual.median > 0
    AND (sale.unit_price_eth >= usual.median * usual.times OR sale.unit_price_eth <= usual.median / usual.times);

INSERT INTO found
SELECT sale_uid, sold_at, 'impossible_price'
FROM day_sale
WHERE is_impossible;

DELETE FROM mart.price_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.price_daily (day, chain, collection, priced, median_eth, high_eth)
SELECT
    (:day AT TIME ZONE 'UTC')::date, chain, collection, count(*),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth), max(unit_price_eth)
FROM day_sale
WHERE unit_price_eth > 0 AND NOT is_impossible
GROUP BY chain, collection;

-- Grain: one row per sale with an implausible price, on the day or on a later one that has the day in its history.
CREATE TEMP TABLE implausible ON COMMIT DROP AS
WITH market_day AS MATERIALIZED (
    SELECT day, percentile_disc(0.5) WITHIN GROUP (ORDER BY median_eth) AS median_eth, sum(priced) AS priced, span, times
    FROM mart.price_daily, method
    WHERE method.signal = 'implausible_price' AND day BETWEEN :day - span AND :day + span
    GROUP BY day, span, times
),
market AS (
    SELECT
        today.day, today.day::timestamp AT TIME ZONE 'UTC' AS start, today.span, today.times,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY past.median_eth) AS median_eth
    FROM market_day AS today
    JOIN market_day AS past ON past.day BETWEEN today.day - today.span AND today.day
    WHERE today.day >= (:day AT TIME ZONE 'UTC')::date
    GROUP BY today.day, today.span, today.times
    HAVING sum(past.priced) >= 10
),
-- a collection and day whose highest price is that far above the market's, and from which price on it is implausible
suspicious AS MATERIALIZED (
    SELECT
        market.start, price.chain, price.collection,
        market.times * CASE WHEN own.median_eth IS NULL THEN 10 * market.median_eth ELSE greatest(own.median_eth, market.median_eth) END AS bound
    FROM market
    JOIN mart.price_daily AS price ON price.day = market.day AND price.high_eth >= market.median_eth * market.times,
        LATERAL (
            SELECT CASE WHEN sum(priced) >= 10 THEN percentile_disc(0.5) WITHIN GROUP (ORDER BY past.median_eth) END AS median_eth
            FROM mart.price_daily AS past
            WHERE past.chain = price.chain AND past.collection = price.collection
                AND past.day BETWEEN market.day - market.span AND market.day
        ) AS own
)
SELECT sale.sale_uid, sale.sold_at
FROM suspicious,
    LATERAL (
        SELECT *
        FROM core.sale
        WHERE sold_at >= suspicious.start AND sold_at < suspicious.start + interval '24 hours'
            AND chain = suspicious.chain AND coalesce(collection_slug, contract_address) = suspicious.collection
        OFFSET 0
    ) AS sale
WHERE price_eth / nullif(quantity, 0) >= bound AND NOT mart.is_impossible(price_raw, price_eth, price_usd);

-- What has no rate in ETH has no history: it is compared with the day's prices in US dollars.
INSERT INTO implausible
SELECT sale_uid, sold_at
FROM day_sale AS sale,
    method,
    LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY price_usd / quantity) AS median_usd
        FROM day_sale
        WHERE price_usd > 0 AND quantity > 0 AND NOT is_impossible
        HAVING count(*) >= 10
    ) AS market
WHERE method.signal = 'implausible_price' AND price_eth IS NULL AND NOT is_impossible
    AND price_usd / nullif(quantity, 0) >= market.median_usd * method.times * 10;

INSERT INTO found
SELECT sale_uid, sold_at, 'implausible_price'
FROM implausible
WHERE sold_at >= :day AND sold_at < :day + interval '24 hours';

-- A later day of which another price is implausible now is scored again.
INSERT INTO mart.stale_day (day)
SELECT DISTINCT (coalesce(implausible.sold_at, flag.sold_at) AT TIME ZONE 'UTC')::date
FROM implausible
FULL JOIN (
    SELECT flag.sale_uid, flag.sold_at
    FROM mart.sale_flags AS flag
    JOIN core.sale USING (sale_uid)
    JOIN method USING (signal)
    WHERE signal = 'implausible_price' AND price_eth IS NOT NULL
        AND flag.sold_at >= :day AND flag.sold_at < :day + method.span + interval '24 hours'
) AS flag USING (sale_uid)
WHERE (implausible.sale_uid IS NULL OR flag.sale_uid IS NULL)
    AND coalesce(implausible.sold_at, flag.sold_at) >= :day + interval '24 hours';

-- Grain: one row per flag that appeared or went, on the day itself or on a day that shares its tokens.
CREATE TEMP TABLE changed_flag (sale_uid uuid, sold_at timestamptz) ON COMMIT DROP;

WITH gone AS (
    DELETE FROM mart.sale_flags AS flag
    WHERE sold_at >= core.sales_closed_before()
        AND (
            sale_uid IN (SELECT sale_uid FROM day_sale)
            OR (signal IN ('back_and_forth', 'bought_again') AND sale_uid IN (SELECT sale_uid FROM history WHERE is_judged))
        )
        AND NOT EXISTS (
            SELECT
            FROM found JOIN method USING (signal)
            WHERE found.sale_uid = flag.sale_uid AND found.signal = flag.signal
                AND found.sold_at = flag.sold_at AND method.method = flag.method
        )
    RETURNING sale_uid, sold_at
)
INSERT INTO changed_flag SELECT sale_uid, sold_at FROM gone;

WITH come AS (
    INSERT INTO mart.sale_flags (sale_uid, signal, method, suspects, sold_at)
    SELECT found.sale_uid, found.signal, method.method, method.suspects, found.sold_at
    FROM found
    JOIN method USING (signal)
    ON CONFLICT DO NOTHING
    RETURNING sale_uid, sold_at
)
INSERT INTO changed_flag SELECT sale_uid, sold_at FROM come;

-- Grain: one row of mart.suspect_sale per sale with a flag that alone makes it a suspect.
DELETE FROM mart.suspect_sale AS suspect
USING changed_flag
WHERE changed_flag.sale_uid = suspect.sale_uid;

INSERT INTO mart.suspect_sale (sale_uid, is_implausible)
SELECT sale_uid, bool_or(signal = 'implausible_price')
FROM changed_flag
JOIN mart.sale_flags AS flag USING (sale_uid)
WHERE flag.suspects
GROUP BY sale_uid;
