-- Grain: one row of mart.royalty_daily per collection and unknown recipient of a fee on the day; and the fees of core.sale by kind.
CREATE TEMP TABLE day_fee ON COMMIT DROP AS
SELECT sale_uid, chain, coalesce(collection_slug, contract_address) AS collection, fee.recipient
FROM core.sale,
    jsonb_to_recordset(fees) AS fee (recipient text)
WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND core.fee_kind(chain, fee.recipient, sold_at) IS NULL;
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

-- Grain: one row per chain and collection with fees on the day: whom it usually pays.
CREATE TEMP TABLE usual_now ON COMMIT DROP AS
SELECT chain, collection, mart.usual_royalties(chain, collection, (:day AT TIME ZONE 'UTC')::date) AS usual
FROM (
    SELECT DISTINCT chain, coalesce(collection_slug, contract_address) AS collection
    FROM core.sale
    WHERE sold_at >= :day AND sold_at < :day + interval '24 hours' AND fees IS NOT NULL
) AS collection;
ANALYZE usual_now;

UPDATE core.sale AS sale
SET (marketplace_fee_raw, royalty_raw, other_fee_raw) = (new.marketplace, new.royalty, new.other)
FROM (
    SELECT sale.sale_uid, totals.*
    FROM core.sale AS sale
    JOIN usual_now ON usual_now.chain = sale.chain AND usual_now.collection = coalesce(sale.collection_slug, sale.contract_address),
        LATERAL core.fee_totals(sale.chain, sale.sold_at, sale.fees, usual_now.usual) AS totals
    WHERE sale.sold_at >= :day AND sale.sold_at < :day + interval '24 hours' AND sale.fees IS NOT NULL
) AS new
WHERE sale.sale_uid = new.sale_uid
    AND (sale.marketplace_fee_raw, sale.royalty_raw, sale.other_fee_raw) IS DISTINCT FROM (new.marketplace, new.royalty, new.other);
