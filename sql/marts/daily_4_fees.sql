-- Grain: one row of mart.royalty_daily per collection and unknown recipient of a fee on the day; and the fees of core.sale by kind.
-- Grain: one row per sale of the day and fee; kind is NULL where core.fee_recipient does not know the recipient.
CREATE TEMP TABLE all_fee ON COMMIT DROP AS
SELECT sale_uid, sale.chain, collection, fee.recipient, fee.amount_raw, known.kind
FROM (
    SELECT
        sale_uid, sold_at, core.code_to_word(chain) AS chain, coalesce(collection_slug, contract_address) AS collection,
        core.fees_to_json(fees, price_raw, fee_recipient) AS fees
    FROM core.sale_row
    LEFT JOIN core.nft_kind USING (nft_kind)
    WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND fees IS NOT NULL
        AND coalesce(source_hour, date_bin('1 hour', received_at, 'epoch')) >= core.received_from(:day)
    OFFSET 0  -- so that fees are read once
) AS sale
LEFT JOIN LATERAL jsonb_to_recordset(fees) AS fee (recipient text COLLATE "C", amount_raw numeric) ON true
LEFT JOIN LATERAL (
    SELECT fee_recipient.kind
    FROM core.fee_recipient
    WHERE fee_recipient.recipient = fee.recipient AND fee_recipient.chain IN (sale.chain, '*') AND from_at <= sale.sold_at
    ORDER BY fee_recipient.chain = '*', from_at DESC
    LIMIT 1
) AS known ON true;

CREATE TEMP TABLE day_fee ON COMMIT DROP AS
SELECT sale_uid, chain, collection, recipient FROM all_fee WHERE kind IS NULL AND recipient IS NOT NULL;
ANALYZE day_fee;

-- Grain: one row per later day and collection that has the day in its history, with whom it usually paid.
CREATE TEMP TABLE usual_before ON COMMIT DROP AS
SELECT day, chain, collection, mart.usual_royalties(chain, collection, day) AS usual
FROM (
    SELECT DISTINCT later.day, later.chain, later.collection
    FROM mart.royalty_daily AS later
    WHERE later.day > (:day AT TIME ZONE 'UTC')::date AND later.day <= (:day AT TIME ZONE 'UTC')::date + 30
        AND (later.chain, later.collection) IN (
            SELECT chain, collection FROM day_fee
            UNION
            SELECT chain, collection FROM mart.royalty_daily WHERE day = (:day AT TIME ZONE 'UTC')::date
        )
) AS later;

DELETE FROM mart.royalty_daily WHERE day = (:day AT TIME ZONE 'UTC')::date;

INSERT INTO mart.royalty_daily (day, chain, collection, recipient, sales, of_sales)
SELECT (:day AT TIME ZONE 'UTC')::date, chain, collection, recipient, sales, of_sales
FROM (SELECT chain, collection, recipient, count(DISTINCT sale_uid) AS sales FROM day_fee GROUP BY 1, 2, 3) AS paid
JOIN (SELECT chain, collection, count(DISTINCT sale_uid) AS of_sales FROM day_fee GROUP BY 1, 2) AS total
    USING (chain, collection);

-- A later day whose collection usually pays others now is scored again.
INSERT INTO mart.stale_day (day)
SELECT DISTINCT day
FROM usual_before
WHERE usual IS DISTINCT FROM mart.usual_royalties(chain, collection, day);

-- Grain: one row per sale of the day whose order shows its fees, with their sums by kind.
CREATE TEMP TABLE day_total ON COMMIT DROP AS
WITH usual AS MATERIALIZED (
    SELECT chain, collection, mart.usual_royalties(chain, collection, (:day AT TIME ZONE 'UTC')::date) AS usual
    FROM (SELECT DISTINCT chain, collection FROM day_fee) AS paying
)
SELECT
    sale_uid,
    coalesce(sum(amount_raw) FILTER (WHERE kind = 'marketplace'), 0) AS marketplace,
    coalesce(sum(amount_raw) FILTER (WHERE kind = 'royalty'), 0) AS royalty,
    coalesce(sum(amount_raw) FILTER (WHERE kind = 'other'), 0) AS other
FROM (
    SELECT sale_uid, amount_raw, coalesce(kind, CASE WHEN recipient <> ALL (usual) THEN 'other' ELSE 'royalty' END) AS kind
    FROM all_fee
    LEFT JOIN usual USING (chain, collection)
) AS fee
GROUP BY sale_uid;
ANALYZE day_total;

UPDATE core.sale_row AS sale
SET
    marketplace_share = new.marketplace_share, royalty_share = new.royalty_share, other_share = new.other_share,
    marketplace_fee_raw = CASE WHEN new.marketplace_share IS NULL THEN marketplace END,
    royalty_raw = CASE WHEN new.royalty_share IS NULL THEN royalty END,
    other_fee_raw = CASE WHEN new.other_share IS NULL THEN other END
FROM (
    SELECT
        sale_uid, marketplace, royalty, other, core.share_of(marketplace, price_raw) AS marketplace_share,
        core.share_of(royalty, price_raw) AS royalty_share, core.share_of(other, price_raw) AS other_share
    FROM day_total
    JOIN core.sale AS old USING (sale_uid)
    WHERE old.sold_at >= :day AND old.sold_at < :day + interval '24 hours' AND old.source_hour >= core.received_from(:day)
        AND (old.marketplace_fee_raw, old.royalty_raw, old.other_fee_raw) IS DISTINCT FROM (marketplace, royalty, other)
) AS new
WHERE sale.sale_uid = new.sale_uid AND sale.sold_at >= :day AND sale.sold_at < :day + interval '24 hours'
    AND coalesce(sale.source_hour, date_bin('1 hour', sale.received_at, 'epoch')) >= core.received_from(:day);
