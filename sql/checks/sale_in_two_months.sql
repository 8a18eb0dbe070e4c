-- Grain: one row per sale that two months hold. Only where the whole warehouse is checked: it looks into each month.
-- Wrong: A sale is in core.sale twice, received in two months, although its key is the same.
-- Next: Load the later hour again with --force.
SELECT sale_uid, min(source_hour) AS first_hour, max(source_hour) AS last_hour
FROM core.sale
WHERE CAST(:hour AS timestamptz) IS NULL
GROUP BY sale_uid
HAVING count(*) > 1
