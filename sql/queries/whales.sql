-- Grain: one row per wallet.
-- Answers: Which wallets move the most money?
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day
-- Parameter: to end = newest; last day, included
-- Parameter: limit integer = 20; so many wallets
-- Plot: bar wallet moved_eth
-- Example: tidemark query whales --chain ethereum --limit 10
-- Whole UTC days that are judged. moved_eth is spent and earned together, over the sales with a rate, fees not deducted.
WITH deal AS NOT MATERIALIZED (
    SELECT *
    FROM mart.wallet_daily
    WHERE day >= (:from AT TIME ZONE 'UTC')::date AND day < ((:to + interval '23:59:59.999999') AT TIME ZONE 'UTC')::date
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
),
largest AS (
    SELECT wallet
    FROM deal
    GROUP BY wallet
    ORDER BY sum(coalesce(spent_eth, 0) + coalesce(earned_eth, 0)) DESC
    FETCH FIRST :limit ROWS WITH TIES
)
SELECT
    wallet,
    sum(bought)::bigint AS bought,
    sum(sold)::bigint AS sold,
    coalesce(sum(spent_eth), 0) AS spent_eth,
    coalesce(sum(earned_eth), 0) AS earned_eth,
    coalesce(sum(spent_eth), 0) + coalesce(sum(earned_eth), 0) AS moved_eth,
    coalesce(sum(spent_usd), 0) + coalesce(sum(earned_usd), 0) AS moved_usd,
    count(DISTINCT day) AS days
FROM deal
JOIN largest USING (wallet)
GROUP BY wallet
ORDER BY moved_eth DESC, moved_usd DESC, wallet
LIMIT :limit;
