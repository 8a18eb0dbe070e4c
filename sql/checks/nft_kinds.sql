-- Grain: one row per kind of NFT that sales name and core.nft_kind does not have, or has with other values.
-- Wrong: Contract, name and fees of such sales are unknown, or those of another kind: core.nft_kind was changed.
-- Next: Load the hour again with --force, which adds a kind that is missing; restore one that was changed from a backup.
SELECT nft_kind, source_hour, kind.contract_address, kind.token_standard, kind.name_prefix, kind.fee_recipient
FROM (
    SELECT nft_kind, min(coalesce(source_hour, date_bin('1 hour', received_at, 'epoch'))) AS source_hour
    FROM core.sale_row
    WHERE CAST(:hour AS timestamptz) IS NULL OR coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) = :hour
    GROUP BY nft_kind
) AS named
LEFT JOIN core.nft_kind AS kind USING (nft_kind)
WHERE kind.contract_address IS NULL
    OR core.kind_key(kind.contract_address, kind.token_standard, kind.name_prefix, kind.fee_recipient) <> nft_kind
