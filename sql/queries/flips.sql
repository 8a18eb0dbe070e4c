-- Grain: one row per resale and purchase of a token by a wallet.
-- Answers: Who resold what, and at what profit?
-- Parameter: collection text = null; only this collection
-- Parameter: wallet text = null; only this wallet
-- Parameter: from start = newest-1d; first day or hour of the resale
-- Parameter: to end = newest; last day or hour of the resale, included
-- Parameter: limit integer = 20; at most this many resales
-- Plot: none
-- Example: tidemark query flips --collection pudgypenguins --from 2026-11-01 --to 2026-11-20
-- Whole: quantity
-- Each purchase is sold once, the oldest first: a resale of more than one purchase has a row for each, with the quantity that it took
-- from it. bought_eth and sold_eth are prices of one in ETH, profit_eth is that of the quantity, before gas; the fees of the resale are
-- deducted where they are known. Tokens that were minted or given have no purchase and are left out, and so are prices that
-- cannot be true. Suspected wash trades are included.
WITH resale AS (
    SELECT sale_uid, chain, contract_address, token_id, seller AS wallet
    FROM mart.sales
    WHERE sold_at >= :from AND sold_at < :to
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:wallet AS text) IS NULL OR seller = CASE WHEN :wallet ILIKE '0x%' THEN lower(:wallet) ELSE :wallet END)
        AND seller <> buyer AND unit_price_eth IS NOT NULL AND quantity > 0 AND NOT is_implausible
),
-- all that those wallets ever bought and sold of those tokens
deal AS (
    SELECT
        sale.sale_uid, sale.sold_at, chain, contract_address, token_id, holder.wallet, sale.collection_slug, sale.transaction_hash,
        sale.quantity, sale.unit_price_eth, sale.marketplace_fee, sale.royalty, sale.other_fee, sale.eth_rate, sale.is_implausible,
        CASE WHEN sale.buyer = holder.wallet THEN coalesce(quantity, 1) ELSE 0 END AS bought,
        CASE WHEN sale.seller = holder.wallet THEN coalesce(quantity, 1) ELSE 0 END AS sold
    FROM (SELECT DISTINCT chain, contract_address, token_id, wallet FROM resale) AS holder
    JOIN mart.sales AS sale USING (chain, contract_address, token_id)
    WHERE holder.wallet IN (sale.seller, sale.buyer) AND sale.seller <> sale.buyer AND sale.sold_at < :to
),
balance AS (
    SELECT *, sum(bought - sold) OVER earlier AS balance, sum(bought) OVER earlier AS bought_so_far
    FROM deal
    WINDOW earlier AS (
        PARTITION BY chain, contract_address, token_id, wallet
        ORDER BY sold_at, sold, sale_uid ROWS UNBOUNDED PRECEDING
    )
),
-- what is left of the purchases: a sale of what was not bought takes nothing from them
stock AS (
    SELECT *, balance - least(0, min(balance) OVER earlier) AS held
    FROM balance
    WINDOW earlier AS (
        PARTITION BY chain, contract_address, token_id, wallet
        ORDER BY sold_at, sold, sale_uid ROWS UNBOUNDED PRECEDING
    )
),
-- the units of the purchases, counted from 1 on, of which a purchase brought some and a sale took some
unit AS (
    SELECT
        *,
        CASE WHEN bought > 0 THEN bought_so_far - bought ELSE bought_so_far - lag(held, 1, 0::numeric) OVER earlier END AS after_unit,
        CASE WHEN bought > 0 THEN bought_so_far ELSE bought_so_far - held END AS up_to_unit
    FROM stock
    WINDOW earlier AS (
        PARTITION BY chain, contract_address, token_id, wallet ORDER BY sold_at, sold, sale_uid
    )
)
SELECT
    sold.sold_at,
    sold.wallet,
    sold.collection_slug AS collection,
    sold.token_id,
    matched.units * (
        sold.unit_price_eth - bought.unit_price_eth
        - coalesce((sold.marketplace_fee + sold.royalty + coalesce(sold.other_fee, 0)) * sold.eth_rate / sold.quantity, 0)
    ) AS profit_eth,
    bought.unit_price_eth AS bought_eth,
    sold.unit_price_eth AS sold_eth,
    bought.sold_at AS bought_at,
    round(extract(epoch FROM sold.sold_at - bought.sold_at) / 3600, 2) AS held_hours,
    matched.units AS quantity,
    sold.chain,
    sold.contract_address,
    sold.transaction_hash
FROM unit AS sold
JOIN resale USING (sale_uid, wallet)
JOIN unit AS bought
    ON bought.chain = sold.chain AND bought.contract_address = sold.contract_address AND bought.token_id = sold.token_id
    AND bought.wallet = sold.wallet AND bought.bought > 0
    AND bought.after_unit < sold.up_to_unit AND bought.up_to_unit > sold.after_unit,
    LATERAL (
        SELECT least(bought.up_to_unit, sold.up_to_unit) - greatest(bought.after_unit, sold.after_unit) AS units
    ) AS matched
WHERE sold.sold > 0 AND bought.unit_price_eth IS NOT NULL AND NOT bought.is_implausible
ORDER BY profit_eth DESC, sold_at, sold.sale_uid, bought_at, bought.sale_uid
LIMIT :limit;
