-- Grain: one row per pair of sales of one NFT in one transaction that nothing tells apart.
-- Wrong: A sale is in core.sale twice: no key of the one contradicts a key of the other.
-- Next: Load both hours again with --force; report the rows if that does not help.
WITH vague AS (
    SELECT DISTINCT transaction_hash
    FROM core.sale
    WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
        AND (
            ops.is_vague(order_hash, quantity, maker, taker, seller, buyer)
            OR EXISTS (
                SELECT
                FROM core.sale_row AS other
                WHERE core.to_text(other.transaction_hash) = sale.transaction_hash
                    -- of an hour's sales not in every month: nearly all are received when they are sold
                    AND (
                        CAST(:hour AS timestamptz) IS NULL
                        OR coalesce(other.source_hour, date_bin('1 hour', other.received_at, 'epoch')) >= CAST(:hour AS timestamptz) - interval '31 days'
                    )
                    AND ops.is_vague(other.order_hash, core.null_to_usual(other.quantity, 1, -1), other.maker, other.taker, other.seller, other.buyer)
            )
        )
),
-- a and b are seller and buyer where one of them is known, else maker and taker, which only the stream states
key AS (
    SELECT
        sale_uid, coalesce(same_as, sale_uid) AS sale, chain, transaction_hash, contract_address, token_id,
        order_hash, quantity, price_raw, payment_token_address,
        CASE WHEN has_sides THEN seller ELSE maker END AS a, CASE WHEN has_sides THEN buyer ELSE taker END AS b,
        source = 'events_api' OR side_source = 'order' AS directed, source = 'stream' AS streamed, maker, taker,
        ARRAY(
            SELECT collector FROM core.sale_sighting AS seen
            WHERE seen.sale_uid = each.sale_uid AND collector LIKE 'events-api-%'
        ) AS lists
    FROM vague
    JOIN (
        SELECT
            sale_uid, NULL::uuid AS same_as, chain, transaction_hash, contract_address, token_id, order_hash, quantity, price_raw,
            payment_token_address, maker, taker, seller, buyer, source, side_source
        FROM core.sale
        UNION ALL
        SELECT
            sale_uid, same_as, chain, transaction_hash, contract_address, token_id, order_hash, quantity, price_raw,
            payment_token_address, maker, taker, seller, buyer, source, side_source
        FROM core.sale_superseded
    ) AS each USING (transaction_hash),
        LATERAL (SELECT seller IS NOT NULL OR buyer IS NOT NULL AS has_sides) AS sides
),
pair AS (
    SELECT
        chain, transaction_hash, contract_address, token_id, one.sale AS one, other.sale AS other,
        one.lists && other.lists
            OR one.order_hash <> other.order_hash
            OR one.quantity <> other.quantity
            OR CASE
                WHEN one.streamed AND other.streamed THEN one.maker <> other.maker OR one.taker <> other.taker
                ELSE (one.a <> other.a OR one.b <> other.b)
                    AND (one.directed AND other.directed OR one.a <> other.b OR one.b <> other.a)
            END
            OR one.price_raw <> other.price_raw AND (one.order_hash = other.order_hash AND one.quantity = other.quantity) IS NOT TRUE
            OR one.payment_token_address <> other.payment_token_address AND (one.order_hash = other.order_hash) IS NOT TRUE AS differ
    FROM key AS one
    JOIN key AS other USING (chain, transaction_hash, contract_address, token_id)
    WHERE one.sale < other.sale
)
SELECT chain, transaction_hash, contract_address, token_id, one::text, other::text
FROM pair
GROUP BY chain, transaction_hash, contract_address, token_id, one, other
HAVING bool_or(differ) IS NOT TRUE
