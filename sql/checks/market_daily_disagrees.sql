-- Grain: one row per scored UTC day, chain and key whose roll-up of the whole market is not what the sales add up to.
-- Wrong: market_daily, payment_token_daily, price_range_daily, collection_royalty_daily, sweep_daily or top_sale_daily has other figures than core.sale.
-- Next: Mark the day with INSERT INTO mart.stale_day (day) VALUES (…) and run the DAG daily_marts.
WITH days AS MATERIALIZED (
    SELECT DISTINCT (hour AT TIME ZONE 'UTC')::date AS day
    FROM mart.collection_hourly
    WHERE CAST(:hour AS timestamptz) IS NULL OR hour BETWEEN CAST(:hour AS timestamptz) - interval '1 hour' AND :hour
),
scored AS MATERIALIZED (
    SELECT day, day::timestamp AT TIME ZONE 'UTC' AS start
    FROM days
    WHERE day::timestamp AT TIME ZONE 'UTC' >= core.sales_closed_before()
        AND NOT EXISTS (SELECT FROM mart.stale_day WHERE stale_day.day = days.day)
),
sale AS MATERIALIZED (
    SELECT
        day, chain, sale_uid, collection_slug, buyer, seller, side, transaction_hash, sold_at, payment_token_address AS address,
        payment_token_symbol AS symbol, implausible, eth_rate, usd_rate,
        core.in_tokens(marketplace_fee_raw, payment_token_decimals) AS fee, core.in_tokens(royalty_raw, payment_token_decimals) AS royalty,
        price_eth IS NULL AS without_eth, price_usd IS NULL AS without_usd, CASE WHEN NOT implausible THEN price END AS price,
        CASE WHEN NOT implausible THEN price_eth END AS price_eth, CASE WHEN NOT implausible THEN price_usd END AS price_usd,
        CASE WHEN NOT implausible THEN price_eth / nullif(quantity, 0) END AS unit_eth
    FROM scored
    CROSS JOIN LATERAL (
        SELECT * FROM core.sale WHERE sold_at >= start AND sold_at < start + interval '24 hours' OFFSET 0
    ) AS sale,
        LATERAL (
            SELECT EXISTS (
                SELECT FROM mart.sale_flags AS flag
                WHERE flag.sale_uid = sale.sale_uid AND flag.signal IN ('impossible_price', 'implausible_price')
            ) AS implausible
        ) AS score
),
-- of each chain, and of all of them
traders AS (
    SELECT
        day, chain, count(*) FILTER (WHERE bought) AS buyers, count(*) FILTER (WHERE sold) AS sellers,
        count(*) FILTER (WHERE bought AND sold) AS bought_and_sold, (array_agg(moved_eth ORDER BY moved_eth DESC))[100] AS whale_eth
    FROM (
        SELECT day, chain, wallet, bool_or(is_buyer) AS bought, bool_or(NOT is_buyer) AS sold, sum(coalesce(price_eth, 0)) AS moved_eth
        FROM (
            SELECT day, chain, buyer AS wallet, true AS is_buyer, price_eth FROM sale
            UNION ALL
            SELECT day, chain, seller, false, price_eth FROM sale
        ) AS party
        WHERE wallet IS NOT NULL
        GROUP BY GROUPING SETS ((day, chain, wallet), (day, wallet))
    ) AS trader
    GROUP BY day, chain
),
market AS (
    SELECT
        day, chain, count(*) AS sales, count(*) FILTER (WHERE buyer IS NULL AND seller IS NULL) AS without_wallets,
        count(fee) AS sales_with_fee_known, sum(fee * eth_rate) FILTER (WHERE NOT implausible) AS fee_eth,
        sum(fee * usd_rate) FILTER (WHERE NOT implausible) AS fee_usd, sum(price_usd) FILTER (WHERE fee IS NOT NULL) AS fee_of_usd,
        count(*) FILTER (WHERE side = 'listing') AS listings, count(*) FILTER (WHERE side = 'offer') AS offers,
        count(*) FILTER (WHERE side = 'unknown') AS unknown_side, sum(price_eth) FILTER (WHERE side = 'listing') AS listings_eth,
        sum(price_eth) FILTER (WHERE side = 'offer') AS offers_eth,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth) FILTER (WHERE side = 'listing') AS listing_median_eth,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY unit_eth) FILTER (WHERE side = 'offer') AS offer_median_eth,
        count(*) FILTER (WHERE implausible) AS implausible
    FROM sale
    GROUP BY GROUPING SETS ((day, chain), (day))
),
fact AS (
    SELECT
        market.day, coalesce(market.chain, '') AS chain, 'market' AS kind, CASE WHEN market.chain IS NULL THEN 'all' ELSE '' END AS name,
        ROW(sales, coalesce(buyers, 0), coalesce(sellers, 0), coalesce(bought_and_sold, 0), without_wallets,
            sales_with_fee_known, fee_eth, fee_usd, fee_of_usd, listings, offers, unknown_side, listings_eth, offers_eth,
            listing_median_eth, offer_median_eth, whale_eth, implausible) AS figures
    FROM market
    LEFT JOIN traders ON traders.day = market.day AND traders.chain IS NOT DISTINCT FROM market.chain
    UNION ALL
    SELECT
        day, chain, 'payment token', coalesce('of ' || address, ''),
        ROW(max(symbol), count(*), sum(price), sum(price_eth), sum(price_usd), count(*) FILTER (WHERE without_usd AND NOT implausible),
            count(*) FILTER (WHERE implausible))
    FROM sale
    GROUP BY day, chain, address
    UNION ALL
    SELECT day, chain, 'price range', mart.price_range(unit_eth)::text, ROW(count(*), sum(unit_eth))
    FROM sale
    WHERE unit_eth IS NOT NULL
    GROUP BY day, chain, mart.price_range(unit_eth)
    UNION ALL
    SELECT
        day, chain, 'royalty', coalesce('of ' || collection_slug, ''),
        ROW(count(*), count(royalty), sum(royalty * eth_rate) FILTER (WHERE NOT implausible),
            sum(royalty * usd_rate) FILTER (WHERE NOT implausible), sum(price_eth) FILTER (WHERE royalty IS NOT NULL),
            count(*) FILTER (WHERE implausible))
    FROM sale
    GROUP BY day, chain, collection_slug
    UNION ALL
    SELECT
        day, chain, 'sweep', buyer || ' in ' || transaction_hash,
        ROW(min(sold_at), count(*), sum(price_eth), sum(price_usd), count(DISTINCT collection_slug), count(DISTINCT seller),
            count(*) FILTER (WHERE without_eth AND NOT implausible), count(*) FILTER (WHERE implausible))
    FROM sale
    WHERE buyer IS NOT NULL
    GROUP BY day, chain, buyer, transaction_hash
    HAVING count(*) >= 5
    UNION ALL
    SELECT day, chain, 'top sale', sale_uid::text, ROW(sold_at, price_usd)
    FROM (
        SELECT
            day, chain, sale_uid, sold_at, price_usd,
            row_number() OVER (PARTITION BY day, chain ORDER BY price_usd DESC NULLS LAST, sold_at, sale_uid) AS place
        FROM sale
        WHERE NOT implausible
    ) AS ranked
    WHERE place <= 100
),
roll_up AS (
    SELECT
        day, coalesce(chain, '') AS chain, 'market' AS kind, CASE WHEN chain IS NULL THEN 'all' ELSE '' END AS name,
        ROW(sales, buyers, sellers, bought_and_sold, without_wallets, sales_with_fee_known, fee_eth, fee_usd, fee_of_usd,
            listings, offers, unknown_side, listings_eth, offers_eth, listing_median_eth, offer_median_eth, whale_eth, implausible) AS figures
    FROM mart.market_daily
    JOIN scored USING (day)
    UNION ALL
    SELECT
        day, chain, 'payment token', coalesce('of ' || payment_token_address, ''),
        ROW(payment_token_symbol, sales, volume, volume_eth, volume_usd, without_usd, implausible)
    FROM mart.payment_token_daily
    JOIN scored USING (day)
    UNION ALL
    SELECT day, chain, 'price range', from_eth::text, ROW(sales, prices_eth)
    FROM mart.price_range_daily
    JOIN scored USING (day)
    UNION ALL
    SELECT
        day, chain, 'royalty', coalesce('of ' || collection_slug, ''),
        ROW(sales, sales_with_royalty_known, royalty_eth, royalty_usd, royalty_of_eth, implausible)
    FROM mart.collection_royalty_daily
    JOIN scored USING (day)
    UNION ALL
    SELECT
        day, chain, 'sweep', buyer || ' in ' || transaction_hash,
        ROW(sold_at, sales, volume_eth, volume_usd, collections, sellers, without_eth, implausible)
    FROM mart.sweep_daily
    JOIN scored USING (day)
    UNION ALL
    SELECT day, chain, 'top sale', sale_uid::text, ROW(sold_at, price_usd)
    FROM mart.top_sale_daily
    JOIN scored USING (day)
)
SELECT day, chain, kind, name, fact.figures::text AS figures, roll_up.figures::text AS daily_figures
FROM fact
FULL JOIN roll_up USING (day, chain, kind, name)
WHERE fact.figures IS DISTINCT FROM roll_up.figures
