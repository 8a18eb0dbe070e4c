-- Grain: one row per sale whose times cannot be.
-- Wrong: It was sold after it was received, before there were NFTs, or received outside the archive hour that holds it.
-- Next: Check the clock of the collector that received it (first_collector), then the message in the archive.
SELECT sale_uid, sold_at, received_at, source_hour, first_collector
FROM core.sale
WHERE (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    AND (
        sold_at > received_at + interval '5 minutes'
        OR sold_at < '2015-08-07 00:00:00+00'
        OR sold_at > source_hour + interval '25 hours'
        OR (source = 'stream' AND (received_at < source_hour OR received_at >= source_hour + interval '1 hour'))
    )
