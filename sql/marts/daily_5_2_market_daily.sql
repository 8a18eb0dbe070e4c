-- Grain: one row of mart.market_daily for the day, and one per chain that had sales on it.
DELETE FROM mart.market_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

WITH trader AS (
    SELECT chain, bought > 0 AS has_bought, sold > 0 AS has_sold, coalesce(spent_eth, 0) + coalesce(earned_eth, 0) AS moved_eth
    FROM mart.wallet_daily
    WHERE day = (:day AT TIME ZONE 'UTC')::date
    UNION ALL
    SELECT NULL, bool_or(bought > 0), bool_or(sold > 0), sum(coalesce(spent_eth, 0) + coalesce(earned_eth, 0))
    FROM mart.wallet_daily
    WHERE day = (:day AT TIME ZONE 'UTC')::date
    GROUP BY wallet
),
traders AS (
    SELECT
        chain, count(*) FILTER (WHERE has_bought) AS buyers, count(*) FILTER (WHERE has_sold) AS sellers,
        count(*) FILTER (WHERE has_bought AND has_sold) AS bought_and_sold,
        (array_agg(moved_eth ORDER BY moved_eth DESC))[100] AS whale_eth
    FROM trader
    GROUP BY chain
),
figures AS (
    SELECT
        chain, count(*) AS sales, count(*) FILTER (WHERE buyer IS NULL AND seller IS NULL) AS without_wallets,
        count(marketplace_fee) AS sales_with_fee_known,
        sum(marketplace_fee * eth_rate) FILTER (WHERE NOT is_implausible) AS fee_eth,
        sum(marketplace_fee * usd_rate) FILTER (WHERE NOT is_implausible) AS fee_usd,
        sum(price_usd) FILTER (WHERE marketplace_fee IS NOT NULL AND NOT is_implausible) AS fee_of_usd,
        count(*) FILTER (WHERE side = 'listing') AS listings,
        count(*) FILTER (WHERE side = 'offer') AS offers,
        count(*) FILTER (WHERE side = 'unknown') AS unknown_side,
        sum(price_eth) FILTER (WHERE side = 'listing' AND NOT is_implausible) AS listings_eth,
        sum(price_eth) FILTER (WHERE side = 'offer' AND NOT is_implausible) AS offers_eth,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE side = 'listing' AND NOT is_implausible)
            AS listing_median_eth,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_price_eth) FILTER (WHERE side = 'offer' AND NOT is_implausible)
            AS offer_median_eth,
        count(*) FILTER (WHERE is_implausible) AS implausible
    FROM scored_sale
    GROUP BY GROUPING SETS ((), (chain))
    HAVING count(*) > 0
)
INSERT INTO mart.market_daily (
    day, chain, sales, buyers, sellers, bought_and_sold, without_wallets,
    sales_with_fee_known, fee_eth, fee_usd, fee_of_usd,
    listings, offers, unknown_side, listings_eth, offers_eth, listing_median_eth, offer_median_eth, whale_eth, implausible
)
SELECT
    (:day AT TIME ZONE 'UTC')::date, figures.chain, sales, coalesce(buyers, 0), coalesce(sellers, 0), coalesce(bought_and_sold, 0),
    without_wallets, sales_with_fee_known, fee_eth, fee_usd, fee_of_usd,
    listings, offers, unknown_side, listings_eth, offers_eth, listing_median_eth, offer_median_eth, whale_eth, implausible
FROM figures
LEFT JOIN traders ON traders.chain IS NOT DISTINCT FROM figures.chain;
