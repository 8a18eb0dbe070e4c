-- Grain: one row per chain and payment token.
-- Answers: What do people pay with?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start = newest-7d; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Plot: bar token sales
-- Example: tidemark query payment_tokens --chain ethereum
-- Tokens are told apart by address, for anybody can call a token ETH. volume is in the token itself, over sales with a known price.
SELECT
    chain,
    max(payment_token_symbol) AS token,
    payment_token_address AS address,
    count(*) AS sales,
    round(100.0 * count(*) / sum(count(*)) OVER (), 2) AS share_percent,
    sum(price) AS volume,
    sum(price_eth) AS volume_eth,
    sum(price_usd) AS volume_usd,
    count(*) FILTER (WHERE price_usd IS NULL) AS without_usd
FROM core.sale
WHERE sold_at >= :from AND sold_at < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY chain, payment_token_address
ORDER BY sales DESC, chain, address;
