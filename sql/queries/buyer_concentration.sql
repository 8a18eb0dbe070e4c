-- Grain: one row per buying wallet.
-- Answers: How much of a collection did its largest buyers take?
-- Parameter: collection text; the collection
-- Parameter: from start = newest-30d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many wallets
-- Plot: line rank cumulative_percent
-- Example: tidemark query buyer_concentration --collection pudgypenguins
-- Whole: items
-- Counts what was bought in that time, not what is held: mints, gifts and transfers are no sales. Sales whose buyer is unknown are left out.
-- spent_eth is over the sales with a rate and a price that can be true; implausible counts those whose price cannot.
WITH buyer AS (
    SELECT
        buyer, count(*) AS purchases, sum(quantity) AS items, sum(price_eth) FILTER (WHERE NOT is_implausible) AS spent_eth,
        count(*) FILTER (WHERE is_implausible) AS implausible
    FROM mart.sales
    WHERE collection_slug = :collection AND sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
        AND buyer IS NOT NULL
    GROUP BY buyer
)
SELECT
    row_number() OVER ranked AS rank,
    buyer,
    purchases,
    items,
    spent_eth,
    implausible,
    round(100.0 * purchases / sum(purchases) OVER (), 2) AS percent,
    round(100.0 * sum(purchases) OVER ranked / sum(purchases) OVER (), 2) AS cumulative_percent
FROM buyer
WINDOW ranked AS (ORDER BY purchases DESC, spent_eth DESC NULLS LAST, buyer ROWS UNBOUNDED PRECEDING)
ORDER BY rank
LIMIT :limit;
