-- Grain: one row per resale by a wallet of a token that it had bought.
-- Answers: Who resold what, and at what profit?
-- Parameter: collection text = null; only this collection
-- Parameter: wallet text = null; only this wallet
-- Parameter: from start = newest-1d; first day or hour of the resale
-- Parameter: to end = newest; last day or hour of the resale, included
-- Parameter: limit integer = 20; so many resales
-- Plot: none
-- Example: tidemark query flips --collection pudgypenguins --from 2026-11-01 --to 2026-11-20
-- Compares the price of one in ETH with the wallet's last purchase of the same token. profit_eth is before gas; the marketplace fee and
-- royalty of the resale are deducted where they are known. Tokens that were minted or given have no purchase and are left out. Suspected wash trades are
-- included.
WITH resale AS (
    SELECT
        *,
        unit_price_eth - coalesce(marketplace_fee * eth_rate / quantity, 0) - coalesce(royalty * eth_rate / quantity, 0) AS kept_eth
    FROM mart.sales
    WHERE sold_at >= :from AND sold_at < :to
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:wallet AS text) IS NULL OR seller = CASE WHEN :wallet ILIKE '0x%' THEN lower(:wallet) ELSE :wallet END)
        AND seller <> buyer AND unit_price_eth IS NOT NULL AND quantity > 0
)
SELECT
    resale.sold_at,
    resale.seller AS wallet,
    resale.chain,
    resale.collection_slug AS collection,
    resale.token_id,
    purchase.sold_at AS bought_at,
    round(extract(epoch FROM resale.sold_at - purchase.sold_at) / 3600, 2) AS held_hours,
    purchase.unit_price_eth AS bought_eth,
    resale.unit_price_eth AS sold_eth,
    resale.kept_eth - purchase.unit_price_eth AS profit_eth,
    resale.transaction_hash
FROM resale
CROSS JOIN LATERAL (
    SELECT sold_at, unit_price_eth
    FROM mart.sales AS bought
    WHERE bought.contract_address = resale.contract_address AND bought.token_id = resale.token_id
        AND bought.chain = resale.chain AND bought.buyer = resale.seller AND bought.sold_at < resale.sold_at
        AND bought.seller IS DISTINCT FROM bought.buyer
    ORDER BY sold_at DESC, sale_uid
    LIMIT 1
) AS purchase
WHERE purchase.unit_price_eth IS NOT NULL
ORDER BY profit_eth DESC, resale.sold_at, resale.sale_uid
LIMIT :limit;
