-- The Events API leaves out an order hash that the stream names, or the reverse. The sale then has two sale_uids, and the stream's row stays.
WITH twin AS (
    DELETE FROM core.sale AS late
    WHERE late.transaction_hash IN (SELECT transaction_hash FROM sale_observation UNION ALL SELECT transaction_hash FROM retracted)
        AND late.source = 'events_api'
        AND EXISTS (
            SELECT FROM core.sale AS streamed
            WHERE streamed.transaction_hash = late.transaction_hash
                AND streamed.source = 'stream'
                AND (streamed.chain, streamed.contract_address, streamed.token_id) = (late.chain, late.contract_address, late.token_id)
                AND streamed.price_raw IS NOT DISTINCT FROM late.price_raw
                AND (streamed.order_hash IS NULL) <> (late.order_hash IS NULL)
        )
    RETURNING late.*
),
moved AS (
    INSERT INTO core.sale_superseded SELECT * FROM twin
),
changed AS (
    INSERT INTO changed SELECT chain, collection_slug, sold_at, source_hour FROM twin
)
INSERT INTO superseded_delta SELECT 1 FROM twin;

-- Grain: one row per sale that this load wrote, took out, saw anew or no longer sees, with the values it has, and those it had.
INSERT INTO changed
SELECT chain, collection_slug, sold_at, source_hour FROM replaced
UNION ALL
SELECT reported.chain, reported.collection_slug, reported.sold_at, :hour
FROM sale_observation AS reported
WHERE NOT EXISTS (SELECT FROM duplicate WHERE duplicate.observation = reported.observation)
UNION ALL
SELECT kept.chain, kept.collection_slug, kept.sold_at, kept.source_hour
FROM core.sale AS kept
JOIN new_sighting USING (sale_uid)
JOIN known USING (sale_uid)
WHERE NOT known.gives_way
UNION ALL
SELECT kept.chain, kept.collection_slug, kept.sold_at, kept.source_hour
FROM core.sale AS kept
JOIN retracted USING (sale_uid);
