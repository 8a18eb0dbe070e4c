-- Grain: one row per UTC day of minting.
-- Answers: How many minted tokens were sold, how soon, and for how much?
-- Parameter: collection text; the collection
-- Parameter: from start = newest-30d; first day or hour of minting
-- Parameter: to end = newest; last day or hour of minting, included
-- Plot: line day sold_percent
-- Example: tidemark query first_sales --collection pudgypenguins
-- Needs: transfers
-- The first sale after the first mint of each token, whenever that was; needs single mints (TIDEMARK_TRANSFERS). Prices of one in ETH;
-- those that cannot be true are left out of them.
WITH minted AS (
    SELECT chain, contract_address, token_id, min(transferred_at) AS minted_at
    FROM core.transfer
    WHERE collection_slug = :collection AND kind = 'mint'
    GROUP BY chain, contract_address, token_id
),
first AS (
    SELECT minted_at, sold_at, unit_price_eth
    FROM minted
    LEFT JOIN LATERAL (
        SELECT sold_at, CASE WHEN NOT is_implausible THEN unit_price_eth END AS unit_price_eth
        FROM mart.sales AS sale
        WHERE sale.contract_address = minted.contract_address AND sale.token_id = minted.token_id AND sale.chain = minted.chain
            AND sold_at >= minted_at AND source_hour >= core.received_from(:from)
        ORDER BY sold_at, sale_uid
        LIMIT 1
    ) AS sale ON true
    WHERE minted_at >= :from AND minted_at < :to
)
SELECT
    (minted_at AT TIME ZONE 'UTC')::date AS day, count(*) AS minted, count(sold_at) AS sold,
    round(100.0 * count(sold_at) / count(*), 2) AS sold_percent,
    round(percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM sold_at - minted_at) / 3600), 2) AS median_hours,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) AS median_eth
FROM first
GROUP BY 1
ORDER BY 1;
