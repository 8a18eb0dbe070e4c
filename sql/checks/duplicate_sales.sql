-- Grain: one row per set of sales that are one and the same.
-- Wrong: A sale stands in the warehouse twice: the same chain, transaction, token and order, or the same with one order hash missing.
-- Next: Load both hours again with --force; report the rows if that does not help.
WITH recent AS (
    SELECT DISTINCT transaction_hash
    FROM core.sale
    WHERE CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour
)
SELECT chain, transaction_hash, contract_address, token_id, price_raw, count(*) AS rows, array_agg(sale_uid::text) AS sale_uids
FROM core.sale
JOIN recent USING (transaction_hash)
GROUP BY chain, transaction_hash, contract_address, token_id, price_raw
HAVING count(*) > count(DISTINCT coalesce(order_hash, ''))
    OR (bool_or(source = 'events_api' AND order_hash IS NULL) AND bool_or(source = 'stream' AND order_hash IS NOT NULL))
    OR (bool_or(source = 'events_api' AND order_hash IS NOT NULL) AND bool_or(source = 'stream' AND order_hash IS NULL))
