-- Grain: one row per resale of a token by a wallet, and how it had got what it sold.
-- Answers: Who resold what, and at what profit?
-- Parameter: collection text = null; only this collection
-- Parameter: wallet text = null; only this wallet
-- Parameter: from start = newest-1d; first day or hour of the resale
-- Parameter: to end = newest; last day or hour of the resale, included
-- Parameter: limit integer = 20; at most this many resales
-- Plot: none
-- Example: tidemark query flips --collection pudgypenguins --from 2026-11-01 --to 2026-11-20
-- Whole: quantity
-- Looks: back
-- What a wallet got first it sells first: a resale of more than one purchase has a row for each, with the quantity that it took from it.
-- bought_eth and sold_eth are prices of one in ETH, profit_eth is that of the quantity, before gas; the fees of the resale are
-- deducted where they are known. Tokens that were minted or given cost what no message shows: bought_eth and profit_eth are NULL, as they
-- are after a purchase without an ETH rate or with a price that cannot be true. Mints, gifts and burns are known as far as single
-- transfers are kept (TIDEMARK_TRANSFERS); what a wallet was not seen to get is left out. Suspected wash trades are included.
WITH resale AS MATERIALIZED (
    SELECT sale_uid, sold_at, day, chain, contract_address, token_id, seller AS wallet
    FROM mart.sales
    WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from)
        AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
        AND (CAST(:wallet AS text) IS NULL OR seller = CASE WHEN :wallet ILIKE '0x%' THEN lower(:wallet) ELSE :wallet END)
        AND seller <> buyer AND unit_price_eth IS NOT NULL AND quantity > 0 AND NOT is_implausible
),
-- days of which mart.resale has every sale that followed a purchase: neither they nor the days before wait to be scored
settled AS (
    SELECT day
    FROM mart.market_daily
    WHERE chain IS NULL AND day < coalesce((SELECT min(stale.day) FROM mart.stale_day AS stale), 'infinity')
),
-- in the order of the index by which sales are found, so that the pages that one needs are at hand for the next
reseller AS MATERIALIZED (
    SELECT contract_address, token_id, wallet, chain, bool_or(day NOT IN (SELECT settled.day FROM settled)) AS is_unsettled
    FROM resale
    GROUP BY contract_address, token_id, wallet, chain
    ORDER BY contract_address, token_id
),
-- those that were seen to get what they sold
holder AS (
    SELECT chain, contract_address, token_id, wallet
    FROM resale
    JOIN mart.resale AS known USING (sold_at, sale_uid)
    WHERE known.sold_at >= :from AND known.sold_at < :to
    UNION
    SELECT chain, contract_address, token_id, wallet
    FROM reseller
    WHERE is_unsettled AND EXISTS (
        SELECT
        FROM mart.sales
        WHERE chain = reseller.chain AND contract_address = reseller.contract_address AND token_id = reseller.token_id
            AND buyer = reseller.wallet AND seller <> buyer AND sold_at < :to
    )
    UNION
    SELECT chain, contract_address, token_id, wallet
    FROM reseller
    WHERE EXISTS (
        SELECT
        FROM mart.transfers
        WHERE chain = reseller.chain AND contract_address = reseller.contract_address AND token_id = reseller.token_id
            AND recipient = reseller.wallet AND sender <> recipient AND transferred_at < :to
        OFFSET 0  -- else it becomes a join, which reads all transfers there are
    )
),
-- all that those wallets ever bought and sold of those tokens
traded AS (
    SELECT
        sale.sale_uid, sale.sold_at AS at, chain, contract_address, token_id, wallet, sale.collection_slug, sale.transaction_hash,
        CASE WHEN sale.buyer = wallet THEN 'purchase' ELSE 'sale' END AS kind, coalesce(sale.quantity, 1) AS quantity,
        CASE WHEN NOT sale.is_implausible THEN sale.unit_price_eth END AS unit_price_eth,
        (sale.marketplace_fee + sale.royalty + coalesce(sale.other_fee, 0)) * sale.eth_rate / nullif(sale.quantity, 0) AS unit_fees_eth
    FROM holder
    JOIN mart.sales AS sale USING (chain, contract_address, token_id)
    WHERE (wallet = sale.seller) <> (wallet = sale.buyer) AND sale.sold_at < :to
),
-- and what else they were seen to get and to give away
moved AS (
    SELECT moved.*
    FROM holder
    CROSS JOIN LATERAL (
        SELECT
            transferred_at AS at, chain, contract_address, token_id, holder.wallet, transaction_hash,
            CASE WHEN sender = holder.wallet THEN 'gift' ELSE kind END AS kind, quantity
        FROM mart.transfers
        WHERE chain = holder.chain AND contract_address = holder.contract_address AND token_id = holder.token_id
            AND holder.wallet IN (sender, recipient) AND sender <> recipient AND quantity > 0 AND transferred_at < :to
        OFFSET 0
    ) AS moved
    -- the transfer that a sale made is that sale
    WHERE NOT EXISTS (
        SELECT
        FROM traded
        WHERE traded.transaction_hash = moved.transaction_hash AND traded.wallet = moved.wallet AND traded.token_id = moved.token_id
            AND traded.contract_address = moved.contract_address AND traded.chain = moved.chain
            AND (traded.kind = 'sale') = (moved.kind = 'gift')
    )
),
deal AS (
    SELECT
        *, CASE WHEN kind IN ('sale', 'gift') THEN 0 ELSE quantity END AS bought, CASE WHEN kind IN ('sale', 'gift') THEN quantity ELSE 0 END AS sold
    FROM (
        SELECT sale_uid, at, chain, contract_address, token_id, wallet, collection_slug, transaction_hash, kind, quantity, unit_price_eth, unit_fees_eth
        FROM traded
        UNION ALL
        SELECT NULL, at, chain, contract_address, token_id, wallet, NULL, transaction_hash, kind, quantity, NULL, NULL
        FROM moved
    ) AS each
),
balance AS (
    SELECT *, sum(bought - sold) OVER earlier AS balance, sum(bought) OVER earlier AS bought_so_far
    FROM deal
    WINDOW earlier AS (
        PARTITION BY wallet, token_id, contract_address, chain
        ORDER BY at, sold, sale_uid, transaction_hash ROWS UNBOUNDED PRECEDING
    )
),
-- what is left of it: a sale of what they were not seen to get takes nothing from that
stock AS (
    SELECT *, balance - least(0, min(balance) OVER earlier) AS held
    FROM balance
    WINDOW earlier AS (
        PARTITION BY wallet, token_id, contract_address, chain
        ORDER BY at, sold, sale_uid, transaction_hash ROWS UNBOUNDED PRECEDING
    )
),
-- the units that they got, counted from 1 on, of which a purchase brought some and a sale took some
unit AS (
    SELECT
        *,
        CASE WHEN bought > 0 THEN bought_so_far - bought ELSE bought_so_far - lag(held, 1, 0::numeric) OVER earlier END AS after_unit,
        CASE WHEN bought > 0 THEN bought_so_far ELSE bought_so_far - held END AS up_to_unit
    FROM stock
    WINDOW earlier AS (
        PARTITION BY wallet, token_id, contract_address, chain ORDER BY at, sold, sale_uid, transaction_hash
    )
)
SELECT
    sold.at AS sold_at,
    sold.wallet,
    sold.collection_slug AS collection,
    sold.token_id,
    matched.units * (sold.unit_price_eth - bought.unit_price_eth - coalesce(sold.unit_fees_eth, 0)) AS profit_eth,
    bought.unit_price_eth AS bought_eth,
    sold.unit_price_eth AS sold_eth,
    bought.kind AS acquired_by,
    bought.at AS bought_at,
    round(extract(epoch FROM sold.at - bought.at) / 3600, 2) AS held_hours,
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
WHERE sold.sold > 0
ORDER BY profit_eth DESC NULLS LAST, sold_at, sold.sale_uid, bought_at, bought.sale_uid, bought.transaction_hash
LIMIT :limit;
