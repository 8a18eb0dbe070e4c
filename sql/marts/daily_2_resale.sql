-- Grain: one row of mart.resale per sale of the day, or after it, whose seller was seen to buy the token before.
DELETE FROM mart.resale AS known
WHERE sold_at >= :day AND sold_at < :day + interval '24 hours'
    AND NOT EXISTS (SELECT FROM day_sale WHERE day_sale.sale_uid = known.sale_uid AND day_sale.sold_at = known.sold_at);

-- Grain: one row per sale of the day that a load has changed since. A purchase may be of any month before, so the others, which were
-- looked up then, are not looked up again every hour.
CREATE TEMP TABLE changed_sale ON COMMIT DROP AS
SELECT sale_uid, sold_at, chain, contract_address, token_id, seller, buyer
FROM day_sale
WHERE seller <> buyer
    AND EXISTS (
        SELECT
        FROM mart.stale_day AS stale
        WHERE stale.day = (:day AT TIME ZONE 'UTC')::date AND coalesce(stale.source_hour = day_sale.source_hour, true)
    );
ANALYZE changed_sale;

INSERT INTO mart.resale (sold_at, sale_uid)
SELECT sold_at, sale_uid
FROM changed_sale AS sale
WHERE EXISTS (
    SELECT
    FROM core.sale AS bought
    WHERE bought.chain = sale.chain AND bought.contract_address = sale.contract_address AND bought.token_id = sale.token_id
        AND bought.buyer = sale.seller AND bought.seller <> bought.buyer AND bought.sold_at <= sale.sold_at
)
UNION
SELECT sold.sold_at, sold.sale_uid
FROM changed_sale AS bought
JOIN core.sale AS sold USING (chain, contract_address, token_id)
WHERE sold.seller = bought.buyer AND sold.seller <> sold.buyer AND sold.sold_at >= bought.sold_at
    AND sold.source_hour >= core.received_from(:day)
ON CONFLICT DO NOTHING;
