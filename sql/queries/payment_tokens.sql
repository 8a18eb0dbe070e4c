-- Grain: one row per chain and payment token.
-- Answers: What do people pay with?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: bar token sales
-- Example: tidemark query payment_tokens --chain ethereum
-- Exact: volume
-- Tokens are told apart by address, because anyone can call a token ETH. volume is in the token itself, over sales with a known price
-- that can be true; implausible counts those whose price cannot.
WITH span AS MATERIALIZED (
    SELECT day, from_at, to_at, is_scored AND CAST(:collection AS text) IS NULL AS is_rolled_up
    FROM mart.days_of(:from, :to)
),
daily AS (
    SELECT
        chain, payment_token_symbol AS token, payment_token_address AS address, sales, volume, volume_eth, volume_usd,
        without_usd, implausible
    FROM mart.payment_token_daily
    JOIN span USING (day)
    WHERE is_rolled_up AND (CAST(:chain AS text) IS NULL OR chain = :chain)
    UNION ALL
    SELECT figures.*
    FROM span
    CROSS JOIN LATERAL (
        SELECT
            chain,
            max(payment_token_symbol),
            payment_token_address,
            count(*),
            sum(price) FILTER (WHERE NOT is_implausible),
            sum(price_eth) FILTER (WHERE NOT is_implausible),
            sum(price_usd) FILTER (WHERE NOT is_implausible),
            count(*) FILTER (WHERE price_usd IS NULL AND NOT is_implausible),
            count(*) FILTER (WHERE is_implausible)
        FROM (
            SELECT chain, payment_token_symbol, payment_token_address, price, price_eth, price_usd, is_implausible
            FROM mart.sales
            WHERE sold_at >= from_at AND sold_at < to_at AND source_hour >= core.received_from(:from)
                AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
                AND (CAST(:chain AS text) IS NULL OR chain = :chain)
            OFFSET 0 -- works out each row's amount once and not wherever it is named
        ) AS sale
        GROUP BY chain, payment_token_address
    ) AS figures
    WHERE NOT is_rolled_up
)
SELECT
    chain,
    max(token) AS token,
    address,
    sum(sales)::bigint AS sales,
    round(100.0 * sum(sales) / sum(sum(sales)) OVER (), 2) AS share_percent,
    sum(volume) AS volume,
    sum(volume_eth) AS volume_eth,
    sum(volume_usd) AS volume_usd,
    sum(without_usd)::bigint AS without_usd,
    sum(implausible)::bigint AS implausible
FROM daily
GROUP BY chain, address
ORDER BY sales DESC, chain, address;
