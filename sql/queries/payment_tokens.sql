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
SELECT
    chain,
    max(payment_token_symbol) AS token,
    payment_token_address AS address,
    count(*) AS sales,
    round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS share_percent,
    sum(price) FILTER (WHERE NOT is_implausible) AS volume,
    sum(price_eth) FILTER (WHERE NOT is_implausible) AS volume_eth,
    sum(price_usd) FILTER (WHERE NOT is_implausible) AS volume_usd,
    count(*) FILTER (WHERE price_usd IS NULL AND NOT is_implausible) AS without_usd,
    count(*) FILTER (WHERE is_implausible) AS implausible
FROM mart.sales
WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY chain, payment_token_address
ORDER BY sales DESC, chain, address;
