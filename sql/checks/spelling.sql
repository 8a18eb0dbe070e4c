-- Grain: one row per sale with a name that is not spelled in its one form.
-- Wrong: A chain, or an address on an EVM chain, is not in lower case, or polygon is called matic; the sale would be counted apart.
-- Next: Compare the row with its message in the archive; load the hour again with --force after a fix of the transform.
SELECT sale_uid, source_hour, chain, contract_address, seller, buyer, maker, taker, transaction_hash
FROM core.sale
WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    AND (
        chain <> lower(chain)
        OR chain = 'matic'
        OR EXISTS (
            SELECT FROM unnest(ARRAY[contract_address, seller, buyer, maker, taker, transaction_hash, order_hash]) AS name
            WHERE name ILIKE '0x%' AND name <> lower(name)
        )
    )
