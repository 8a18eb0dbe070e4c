-- Grain: one row per weekday and UTC hour of the day with sales.
-- Answers: When in the week is most sold?
-- Parameter: collection text = null; only this collection
-- Parameter: chain text = null; only this chain
-- Parameter: from start-hour = newest-28d; first day or hour
-- Parameter: to end-hour = newest; last day or hour, included
-- Plot: heat weekday hour sales
-- Example: tidemark query heat_map --plot
-- Choose whole weeks, or some weekdays count more often than others. Volumes leave out prices that cannot be true; implausible
-- counts them.
SELECT
    to_char(hour AT TIME ZONE 'UTC', 'Dy') AS weekday,
    extract(hour FROM hour AT TIME ZONE 'UTC')::integer AS hour,
    sum(sales)::bigint AS sales,
    sum(volume_eth) AS volume_eth,
    sum(volume_usd) AS volume_usd,
    sum(implausible)::bigint AS implausible
FROM mart.collection_hourly
WHERE collection_hourly.hour >= :from AND collection_hourly.hour < :to
    AND (CAST(:collection AS text) IS NULL OR collection_slug = :collection)
    AND (CAST(:chain AS text) IS NULL OR chain = :chain)
GROUP BY extract(isodow FROM collection_hourly.hour AT TIME ZONE 'UTC'), 1, 2
ORDER BY extract(isodow FROM collection_hourly.hour AT TIME ZONE 'UTC'), 2;
