-- Grain: one row per sale, the newest first.
SELECT
    sold_at, chain, collection_slug AS collection, coalesce(nft_name, '#' || token_id) AS nft,
    price, payment_token_symbol AS token, price_usd, is_suspect
FROM mart.sales
WHERE sold_at >= :from AND sold_at < :to AND source_hour >= core.received_from(:from) AND NOT is_implausible
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
ORDER BY sold_at DESC, sale_uid
LIMIT 12;
