-- Grain: one row per transaction and wallet that bought at least `least` NFTs in it.
-- Answers: Who bought many NFTs at once?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: least integer = 5; at least this many sales in the transaction
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many sweeps
-- Plot: none
-- Example: tidemark query sweeps --least 10
-- Volumes are over the sales with a rate; without_eth counts the others. Prices that cannot be true are left out; implausible
-- counts them.
WITH sweep AS (
    SELECT chain, transaction_hash, buyer
    FROM core.sale
    WHERE sold_at >= :from AND sold_at < :to
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:chain AS text) IS NULL OR chain = :chain)
        AND buyer IS NOT NULL
    GROUP BY chain, transaction_hash, buyer
    HAVING count(*) >= :least
    ORDER BY count(*) DESC, min(sold_at), transaction_hash, buyer
    LIMIT :limit
)
SELECT
    min(sold_at) AS sold_at,
    buyer,
    count(*) AS sales,
    sum(price_eth) FILTER (WHERE NOT is_implausible) AS volume_eth,
    sum(price_usd) FILTER (WHERE NOT is_implausible) AS volume_usd,
    chain,
    transaction_hash,
    count(DISTINCT collection_slug) AS collections,
    count(DISTINCT seller) AS sellers,
    count(*) FILTER (WHERE price_eth IS NULL AND NOT is_implausible) AS without_eth,
    count(*) FILTER (WHERE is_implausible) AS implausible
FROM sweep
JOIN mart.sales USING (chain, transaction_hash, buyer)
WHERE CAST(:collection AS text) IS NULL OR collection_slug = :collection
GROUP BY chain, transaction_hash, buyer
ORDER BY sales DESC, sold_at, transaction_hash, buyer;
