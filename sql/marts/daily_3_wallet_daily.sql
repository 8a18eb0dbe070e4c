-- Grain: one row of mart.wallet_daily per chain and wallet that bought or sold on the day.
DELETE FROM mart.wallet_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

-- looked up once for each sale: a sub-query would be copied to wherever its answer is used
WITH stated AS MATERIALIZED (
    SELECT
        chain, collection_slug, buyer, seller, price_eth, price_usd,
        EXISTS (
            SELECT FROM mart.sale_flags AS flag
            WHERE flag.sale_uid = sale.sale_uid AND flag.signal IN ('impossible_price', 'implausible_price')
        ) AS implausible
    FROM core.sale
    WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND source_hour >= core.received_from(:day)
),
sale AS NOT MATERIALIZED (
    SELECT
        chain, collection_slug, buyer, seller, implausible,
        CASE WHEN NOT implausible THEN price_eth END AS price_eth, CASE WHEN NOT implausible THEN price_usd END AS price_usd
    FROM stated
),
deal AS (
    SELECT chain, buyer AS wallet, collection_slug, implausible, price_eth AS spent_eth, price_usd AS spent_usd,
        NULL::numeric AS earned_eth, NULL::numeric AS earned_usd, 1 AS bought, 0 AS sold
    FROM sale
    WHERE buyer IS NOT NULL
    UNION ALL
    SELECT chain, seller, collection_slug, implausible, NULL, NULL, price_eth, price_usd, 0, 1
    FROM sale
    WHERE seller IS NOT NULL
)
INSERT INTO mart.wallet_daily (
    day, chain, wallet, bought, sold, spent_eth, earned_eth, spent_usd, earned_usd, implausible, collections
)
SELECT
    (:day AT TIME ZONE 'UTC')::date, chain, wallet, sum(bought), sum(sold),
    sum(spent_eth), sum(earned_eth), sum(spent_usd), sum(earned_usd),
    count(*) FILTER (WHERE implausible), count(DISTINCT collection_slug)
FROM deal
GROUP BY chain, wallet;
