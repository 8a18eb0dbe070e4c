-- Grain: one row per wallet.
-- Answers: Which wallets move the most money?
-- Parameter: chain text = null; only this chain
-- Parameter: from start-day = newest-7d; first day
-- Parameter: to end-day = newest; last day, included
-- Parameter: limit integer = 20; at most this many wallets
-- Plot: bar wallet moved_eth
-- Example: tidemark query whales --chain ethereum --limit 10
-- Whole UTC days; those that wait to be scored are left out. moved_eth is spent and earned together, over the sales with a rate, fees not
-- deducted. Suspected wash trades are included, prices that cannot be true are not: implausible counts them.
WITH deal AS NOT MATERIALIZED (
    SELECT *
    FROM mart.wallet_daily
    WHERE day >= (CAST(:from AS timestamptz) AT TIME ZONE 'UTC')::date
        AND day < ((CAST(:to AS timestamptz) + interval '23:59:59.999999') AT TIME ZONE 'UTC')::date
        AND day NOT IN (SELECT stale.day FROM mart.stale_day AS stale)
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
),
-- A hundred wallets moved at least the most that a hundredth one moved on a day. Who moved as much in all has a row, of a day and a chain,
-- that is that much when it is multiplied by the number of such rows: only these are added up.
bound AS MATERIALIZED (
    SELECT
        CASE WHEN :limit <= 100 THEN max(whale_eth) FILTER (WHERE chain IS NOT DISTINCT FROM CAST(:chain AS text)) END AS moved_eth,
        count(*) FILTER (WHERE chain IS NOT NULL) AS rows
    FROM mart.market_daily
    WHERE day >= (CAST(:from AS timestamptz) AT TIME ZONE 'UTC')::date
        AND day < ((CAST(:to AS timestamptz) + interval '23:59:59.999999') AT TIME ZONE 'UTC')::date
        AND day NOT IN (SELECT stale.day FROM mart.stale_day AS stale)
        AND (chain IS NULL OR CAST(:chain AS text) IS NULL OR chain = :chain)
),
largest AS (
    SELECT wallet
    FROM deal
    WHERE wallet IN (
        SELECT wallet
        FROM deal
        WHERE (coalesce(spent_eth, 0) + coalesce(earned_eth, 0)) * (SELECT bound.rows FROM bound)
            >= coalesce((SELECT bound.moved_eth FROM bound), 0)
    )
    GROUP BY wallet
    ORDER BY sum(coalesce(spent_eth, 0) + coalesce(earned_eth, 0)) DESC
    FETCH FIRST :limit ROWS WITH TIES
)
SELECT
    wallet,
    sum(bought)::bigint AS bought,
    sum(sold)::bigint AS sold,
    CASE WHEN sum(bought) = 0 THEN 0 ELSE sum(spent_eth) END AS spent_eth,
    CASE WHEN sum(sold) = 0 THEN 0 ELSE sum(earned_eth) END AS earned_eth,
    sum(coalesce(spent_eth + earned_eth, spent_eth, earned_eth)) AS moved_eth,
    sum(coalesce(spent_usd + earned_usd, spent_usd, earned_usd)) AS moved_usd,
    sum(implausible)::bigint AS implausible,
    count(DISTINCT day) AS days
FROM deal
JOIN largest USING (wallet)
GROUP BY wallet
ORDER BY moved_eth DESC NULLS LAST, moved_usd DESC NULLS LAST, wallet
LIMIT :limit;
