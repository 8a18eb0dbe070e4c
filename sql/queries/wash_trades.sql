-- Grain: one row per chain and collection with a suspect.
-- Answers: Where are wash trades suspected, and by which signals?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many collections
-- Plot: bar collection suspect_volume_eth
-- Example: tidemark query wash_trades --from 2026-11-01 --to 2026-11-20
-- A sale can show several signals and counts under each. Days that wait to be scored are left out. A price ten times off alone makes no suspect;
-- one that cannot be true does, and is left out of the volumes: implausible counts them.
WITH flagged AS (
    SELECT
        sale_uid,
        bool_or(suspects) AS is_suspect,
        bool_or(signal = 'self_trade') AS self_trade,
        bool_or(signal = 'back_and_forth') AS back_and_forth,
        bool_or(signal = 'bought_again') AS bought_again,
        bool_or(signal = 'same_pair') AS same_pair,
        bool_or(signal = 'price_outlier') AS price_outlier,
        bool_or(signal IN ('impossible_price', 'implausible_price')) AS implausible
    FROM mart.sale_flags
    WHERE sold_at >= :from AND sold_at < :to
    GROUP BY sale_uid
)
SELECT
    chain,
    collection_slug AS collection,
    count(*) AS sales,
    count(*) FILTER (WHERE is_suspect) AS suspect_sales,
    round(100.0 * count(*) FILTER (WHERE is_suspect) / count(*), 2) AS suspect_percent,
    sum(price_eth) FILTER (WHERE is_suspect AND implausible IS NOT TRUE) AS suspect_volume_eth,
    round(
        100 * sum(price_eth) FILTER (WHERE is_suspect AND implausible IS NOT TRUE)
        / nullif(sum(price_eth) FILTER (WHERE implausible IS NOT TRUE), 0),
        2
    ) AS suspect_volume_percent,
    count(*) FILTER (WHERE self_trade) AS self_trade,
    count(*) FILTER (WHERE back_and_forth) AS back_and_forth,
    count(*) FILTER (WHERE bought_again) AS bought_again,
    count(*) FILTER (WHERE same_pair) AS same_pair,
    count(*) FILTER (WHERE price_outlier) AS price_outlier,
    count(*) FILTER (WHERE implausible) AS implausible
FROM core.sale
LEFT JOIN flagged USING (sale_uid)
WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
    AND (sold_at AT TIME ZONE 'UTC')::date NOT IN (SELECT stale.day FROM mart.stale_day AS stale)
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY chain, collection_slug
HAVING bool_or(is_suspect)
ORDER BY suspect_volume_eth DESC NULLS LAST, suspect_sales DESC, chain, collection
LIMIT :limit;
