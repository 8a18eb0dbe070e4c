-- Grain: one row per chain and collection with a known royalty.
-- Answers: Which royalties did creators receive?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 20; at most this many collections
-- Plot: bar collection royalty_eth
-- Example: tidemark query royalties --limit 10
-- Royalties are read from the order that was filled. Sales whose order does not show them are in sales alone; percent is
-- of the price of those that do, and have a rate. Prices that cannot be true are left out; implausible counts them.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
daily AS (
    SELECT
        chain, collection_slug AS collection, sales, sales_with_royalty_known, royalty_eth, royalty_usd, royalty_of_eth, implausible
    FROM mart.collection_royalty_daily
    JOIN span USING (day)
    WHERE is_rolled_up AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    UNION ALL
    SELECT figures.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT
            chain,
            collection_slug,
            count(*),
            count(royalty),
            sum(royalty * eth_rate) FILTER (WHERE NOT is_implausible),
            sum(royalty * usd_rate) FILTER (WHERE NOT is_implausible),
            sum(price_eth) FILTER (WHERE royalty IS NOT NULL AND NOT is_implausible),
            count(*) FILTER (WHERE is_implausible)
        FROM (
            SELECT chain, collection_slug, royalty, eth_rate, usd_rate, price_eth, is_implausible
            FROM mart.sales
            WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
                AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
                AND (CAST(:chain AS text) IS NULL OR chain = :chain)
            OFFSET 0 -- works out each row's amount once and not wherever it is named
        ) AS sale
        GROUP BY chain, collection_slug
    ) AS figures
    WHERE NOT is_rolled_up
)
SELECT
    chain,
    collection,
    sum(sales)::bigint AS sales,
    sum(sales_with_royalty_known)::bigint AS sales_with_royalty_known,
    sum(royalty_eth) AS royalty_eth,
    sum(royalty_usd) AS royalty_usd,
    round(100 * sum(royalty_eth) / nullif(sum(royalty_of_eth), 0), 2) AS percent,
    sum(implausible)::bigint AS implausible
FROM daily
GROUP BY chain, collection
HAVING sum(sales_with_royalty_known) > 0
ORDER BY royalty_eth DESC NULLS LAST, sales DESC, chain, collection
LIMIT :limit;
