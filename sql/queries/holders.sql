-- Grain: one row per chain and wallet that holds something.
-- Answers: Who holds a collection, and how concentrated is it?
-- Parameter: collection text; the collection
-- Parameter: to end = newest; last day or hour: holdings at its end
-- Parameter: limit integer = 20; how many wallets of each chain
-- Plot: bar rank units
-- Example: tidemark query holders --collection pudgypenguins
-- Needs: transfers
-- Whole: units
-- As far as recorded transfers show (TIDEMARK_TRANSFERS): tokens that did not move since the record began are not among them, and what
-- moved in a gap is with its holder before. percent is of all units whose holder is known; holders counts all of them.
WITH held AS (
    SELECT chain COLLATE "C" AS chain, wallet COLLATE "C" AS wallet, count(*) AS tokens, sum(quantity) AS units, min(since) AS since
    FROM mart.holdings(CAST(:collection AS text), :to)
    GROUP BY wallet, chain
),
whole AS (
    SELECT chain, count(*) AS holders, sum(units) AS units FROM held GROUP BY chain
)
-- only those that are shown are put in order
SELECT
    chain, row_number() OVER by_units AS rank, wallet, tokens, most.units,
    round(100 * most.units / whole.units, 2) AS percent,
    round(100 * sum(most.units) OVER by_units / whole.units, 2) AS cumulative_percent, holders, since
FROM whole
CROSS JOIN LATERAL (
    SELECT wallet, tokens, units, since FROM held WHERE chain = whole.chain ORDER BY units DESC, wallet LIMIT :limit
) AS most
WINDOW by_units AS (PARTITION BY chain ORDER BY most.units DESC, wallet)
ORDER BY chain, rank;
