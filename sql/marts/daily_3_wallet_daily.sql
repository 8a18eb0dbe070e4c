-- Grain: one row of mart.wallet_daily per chain and wallet that bought or sold on the day.
DELETE FROM mart.wallet_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

WITH deal AS (
    SELECT chain, buyer AS wallet, collection_slug, price_eth AS spent_eth, price_usd AS spent_usd,
        NULL::numeric AS earned_eth, NULL::numeric AS earned_usd, 1 AS bought, 0 AS sold
    FROM core.sale
    WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND buyer IS NOT NULL
    UNION ALL
    SELECT chain, seller, collection_slug, NULL, NULL, price_eth, price_usd, 0, 1
    FROM core.sale
    WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND seller IS NOT NULL
)
INSERT INTO mart.wallet_daily (day, chain, wallet, bought, sold, spent_eth, earned_eth, spent_usd, earned_usd, collections)
SELECT
    (:day AT TIME ZONE 'UTC')::date, chain, wallet, sum(bought), sum(sold),
    sum(spent_eth), sum(earned_eth), sum(spent_usd), sum(earned_usd), count(DISTINCT collection_slug)
FROM deal
GROUP BY chain, wallet;
