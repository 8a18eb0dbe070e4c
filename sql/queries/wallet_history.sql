-- Grain: one row per sale and part the wallet had in it.
-- Answers: What did a wallet buy and sell?
-- Parameter: wallet text; the wallet's address
-- Parameter: from start = oldest; first day or hour
-- Parameter: to end = newest; last day or hour, included
-- Parameter: limit integer = 100; at most this many, the newest
-- Plot: none
-- Example: tidemark query wallet_history --wallet 0xd1fe47eb01a5f3f0d6ee02cb6dc0bbd4ec2bd1d4
-- Exact: price
-- Whole: quantity
-- A sale to oneself appears twice, as bought and as sold. Sales whose seller and buyer are unknown are not anybody's.
WITH wallet AS (
    SELECT CASE WHEN :wallet ILIKE '0x%' THEN lower(:wallet) ELSE :wallet END AS address
),
deal AS (
    SELECT 'bought' AS did, seller AS other_wallet, sales.*
    FROM mart.sales
    WHERE buyer = (SELECT address FROM wallet) AND sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
    UNION ALL
    SELECT 'sold', buyer, sales.*
    FROM mart.sales
    WHERE seller = (SELECT address FROM wallet) AND sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
)
SELECT
    sold_at, did, collection_slug AS collection, token_id, price_eth, price_usd, other_wallet, chain, side, signals,
    quantity, price, payment_token_symbol AS token, contract_address, transaction_hash
FROM deal
ORDER BY sold_at DESC, transaction_hash, token_id, did
LIMIT :limit;
