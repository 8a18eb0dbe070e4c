-- Grain: one row per event of a token.
-- Answers: What happened to a token, from its mint on?
-- Parameter: contract text; the contract of the NFT
-- Parameter: token text; its token id
-- Parameter: chain text = null; only on this chain
-- Plot: line at price
-- Example: tidemark query token_history --contract 0xbd3531da5cf5857e7cfaa92426877b022e612cf8 --token 3246
-- Exact: price
-- Whole: quantity
-- Sales, transfers, and listings with what became of them, as far as they were kept one by one (TIDEMARK_TRANSFERS,
-- TIDEMARK_BOOK_DEPTH); the transfer that a sale made is left out beside it. Bids on the token are counted, not kept.
WITH listing AS (
    SELECT DISTINCT ON (chain, order_hash) *
    FROM core.market_order
    WHERE contract_address = CASE WHEN :contract ILIKE '0x%' THEN lower(:contract) ELSE :contract END AND token_id = :token
    ORDER BY chain, order_hash, received_at
),
sold AS (
    SELECT *
    FROM mart.sales
    WHERE contract_address = CASE WHEN :contract ILIKE '0x%' THEN lower(:contract) ELSE :contract END AND token_id = :token
),
event AS (
    SELECT
        placed_at AS at, chain, 'listed' AS event, maker AS from_wallet, NULL AS to_wallet, quantity,
        price_raw * ('1e-' || payment_token_decimals)::numeric AS price, payment_token_symbol AS token, order_hash AS reference
    FROM listing
    UNION ALL
    SELECT DISTINCT
        revised_at, chain, CASE revision.kind WHEN 'cancel' THEN 'cancelled' WHEN 'invalidation' THEN 'invalidated' ELSE 'revalidated' END,
        maker, NULL, quantity, price_raw * ('1e-' || payment_token_decimals)::numeric, payment_token_symbol, order_hash
    FROM listing
    JOIN core.order_revision AS revision USING (chain, order_hash)
    UNION ALL
    SELECT sold_at, chain, 'sold', seller, buyer, quantity, price, payment_token_symbol, transaction_hash
    FROM sold
    UNION ALL
    SELECT
        transferred_at, chain, CASE kind WHEN 'mint' THEN 'minted' WHEN 'burn' THEN 'burned' ELSE 'transferred' END, sender, recipient,
        quantity, NULL, NULL, transaction_hash
    FROM mart.transfers AS moved
    WHERE contract_address = CASE WHEN :contract ILIKE '0x%' THEN lower(:contract) ELSE :contract END AND token_id = :token
        AND NOT EXISTS (
            SELECT FROM sold
            WHERE sold.transaction_hash = moved.transaction_hash AND sold.seller = moved.sender AND sold.buyer = moved.recipient
        )
)
SELECT at, chain, event, from_wallet, to_wallet, quantity, price, token, reference
FROM event
WHERE CAST(:chain AS text) IS NULL OR chain = :chain
ORDER BY at, event, reference;
