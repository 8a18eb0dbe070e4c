-- Grain: one row per sale whose parties do not follow from its side.
-- Wrong: Seller and buyer of a listing are not its maker and taker, or those of an offer not its taker and maker.
-- Next: Compare the row with its message in the archive; load the hour again with --force after a fix of the transform.
SELECT sale_uid, source_hour, side, maker, taker, seller, buyer
FROM core.sale
WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    AND (
        (side = 'listing' AND (seller, buyer) IS DISTINCT FROM (maker, taker))
        OR (side = 'offer' AND (seller, buyer) IS DISTINCT FROM (taker, maker))
    )
