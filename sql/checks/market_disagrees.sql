-- Grain: one row per archive hour and kind of event whose counts do not add up.
-- Wrong: mart.market_hourly counts other events than the load read, or the load read other messages than the manifests count.
-- Next: Load the hour again with --force.
WITH hourly AS (
    SELECT hour AS source_hour, kind, sum(events) AS events
    FROM mart.market_hourly,
        LATERAL (VALUES
            ('listing', listings), ('item_bid', item_bids), ('collection_offer', collection_offers), ('trait_offer', trait_offers),
            ('cancel', cancels), ('invalidation', invalidations), ('revalidation', revalidations),
            ('transfer', transfers), ('mint', mints), ('burn', burns)
        ) AS counted (kind, events)
    WHERE CAST(:hour AS timestamptz) IS NULL OR hour = :hour
    GROUP BY hour, kind
    HAVING sum(events) > 0
),
counted AS (
    SELECT source_hour, kind, counted AS events
    FROM ops.market_count
    WHERE counted > 0 AND (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
),
read AS (
    SELECT source_hour, CASE WHEN kind IN ('mint', 'burn') THEN 'transfer' ELSE kind END AS kind, sum(messages) AS messages
    FROM ops.market_count
    WHERE CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour
    GROUP BY 1, 2
),
manifest AS (
    SELECT source_hour, kind, sum(loaded) AS messages
    FROM ops.event_count
    JOIN (VALUES
        ('item_listed', 'listing'), ('item_received_bid', 'item_bid'), ('item_received_offer', 'item_bid'),
        ('collection_offer', 'collection_offer'), ('trait_offer', 'trait_offer'), ('item_cancelled', 'cancel'),
        ('order_invalidate', 'invalidation'), ('order_revalidate', 'revalidation'), ('item_transferred', 'transfer')
    ) AS named (event_type, kind) USING (event_type)
    WHERE loaded > 0 AND source_hour IN (SELECT source_hour FROM ops.market_count) AND (CAST(:hour AS timestamptz) IS NULL OR source_hour = :hour)
    GROUP BY source_hour, kind
)
SELECT source_hour, kind, hourly.events AS hourly, counted.events AS counted, NULL::numeric AS messages, NULL::numeric AS in_manifests
FROM hourly
FULL JOIN counted USING (source_hour, kind)
WHERE hourly.events IS DISTINCT FROM counted.events
UNION ALL
SELECT source_hour, kind, NULL, NULL, read.messages, manifest.messages
FROM read
FULL JOIN manifest USING (source_hour, kind)
WHERE read.messages IS DISTINCT FROM manifest.messages
