-- Comments that later versions had made untrue, said anew; functions that PostgreSQL lets everybody call belong to the loader; and an index for repeated loads.

REVOKE ALL ON FUNCTION ops.strength, ops.told FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.strength, ops.told TO tidemark_loader;

-- The Events API names seller and buyer, and not who made the order.
COMMENT ON COLUMN core.sale.maker IS 'Who made the order: as the stream says, or as it follows from the side of a sale of the Events API; NULL where unknown.';
COMMENT ON COLUMN core.sale.taker IS 'Who filled the order: as the stream says, or as it follows from the side of a sale of the Events API; NULL where unknown.';
COMMENT ON COLUMN core.sale.seller IS 'Who gave the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN core.sale.buyer IS 'Who received the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN core.sale_superseded.maker IS 'Who made the order: as the stream says, or as it follows from the side of a sale of the Events API; NULL where unknown.';
COMMENT ON COLUMN core.sale_superseded.taker IS 'Who filled the order: as the stream says, or as it follows from the side of a sale of the Events API; NULL where unknown.';
COMMENT ON COLUMN core.sale_superseded.seller IS 'Who gave the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN core.sale_superseded.buyer IS 'Who received the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN staging.sale_sight.maker IS 'Who made the order: as the stream says, or as it follows from the side of a sale of the Events API; NULL where unknown.';
COMMENT ON COLUMN staging.sale_sight.taker IS 'Who filled the order: as the stream says, or as it follows from the side of a sale of the Events API; NULL where unknown.';
COMMENT ON COLUMN staging.sale_sight.seller IS 'Who gave the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN staging.sale_sight.buyer IS 'Who received the NFT; NULL where unknown, as in the stream where the side is.';
COMMENT ON COLUMN mart.sales.maker IS 'Wallet that made the order; NULL when unknown.';
COMMENT ON COLUMN mart.sales.taker IS 'Wallet that filled the order; NULL when unknown.';
COMMENT ON COLUMN mart.sales.price_eth IS 'Total price in ETH at the rate of the moment; NULL when no rate or price was received.';
COMMENT ON COLUMN mart.sales.price_usd IS 'Total price in US dollars at the rate of the moment; NULL when no rate or price was received.';
COMMENT ON COLUMN mart.sales.unit_price_eth IS 'price_eth divided by quantity, where it does not come out even rounded at the sixteenth significant digit or beyond.';
COMMENT ON COLUMN mart.sales.is_suspect IS 'Whether it is a suspected wash trade. While its day waits to be judged, NULL for those not suspected so far.';

-- A load can leave out a collector, and take back what its hour does not tell any more.
COMMENT ON TABLE ops.load_run IS 'One row per committed load of one hour; the newest of an hour tells what the warehouse holds of it from the collectors that it names.';
COMMENT ON COLUMN ops.load_run.fingerprint IS 'Digest of the hour''s manifests; the same again means that there is nothing to load. Empty where the load of another hour took back what this one may tell: it has to be loaded again.';
COMMENT ON COLUMN ops.load_run.replaced IS 'Lines whose sale took the place of the row that stood in core.sale: an earlier sight of it, on request the same, read anew, or a later one where the hour does not tell the row''s own any more.';
COMMENT ON COLUMN ops.load_run.superseded IS 'Rows of the Events API that left core.sale for core.sale_superseded, less those that came back. Inserted less superseded, over all loads, is the number of rows of core.sale and of the sales that were taken out of it because no line tells them any more.';
COMMENT ON COLUMN ops.load_file.quarantined IS 'Lines that could not be read: ops.reject.';
COMMENT ON COLUMN ops.quarantine.reason IS 'Why it could not be read.';
COMMENT ON COLUMN ops.gap.reason IS 'Why it was not covered, such as connection_lost, process_died, not_running or disk_full; no_manifest where an expected collector has not told what it covered.';
COMMENT ON COLUMN ops.gap.recovered IS 'Sales of the gap''s topic that only the Events API told of and that the stream would have sent in this stretch; one that falls into the gaps of two collectors counts for both. NULL while the gap is not repaired.';

-- Cover is judged topic by topic, whoever covers each.
COMMENT ON COLUMN mart.hour_quality.covered_s IS 'Seconds of the hour in which each topic that a collector was to record was covered by at least one of them.';
COMMENT ON COLUMN mart.hour_quality.covered_twice_s IS 'Seconds of the hour in which each of those topics was covered by at least two collectors at once.';
COMMENT ON COLUMN mart.hour_quality.repaired_s IS 'Seconds in which each topic is complete only because repair runs fetched from the Events API what no collector covered.';
COMMENT ON COLUMN mart.hour_quality.gaps IS 'Seconds that each collector did not cover, by reason, such as {"b": {"connection_lost": 12.5}}; of several topics the longest.';

-- A day's rows are written when it is judged, and stay as they are while it waits for the next time.
COMMENT ON TABLE mart.collection_daily IS 'One row per UTC day of sale, chain and collection that had sales when the day was last judged. Distinct wallets and medians are those of the whole day, not sums of hours.';
COMMENT ON COLUMN mart.collection_daily.sales_clean IS 'The same as sales without suspected wash trades.';
COMMENT ON COLUMN mart.collection_daily.volume_eth_clean IS 'The same as volume_eth without suspected wash trades; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.volume_usd_clean IS 'The same as volume_usd without suspected wash trades; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.buyers_clean IS 'The same as buyers without suspected wash trades.';
COMMENT ON COLUMN mart.collection_daily.sellers_clean IS 'The same as sellers without suspected wash trades.';
COMMENT ON COLUMN mart.collection_daily.low_eth_clean IS 'The same as low_eth without suspected wash trades; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.median_eth_clean IS 'The same as median_eth without suspected wash trades; NULL when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.high_eth_clean IS 'The same as high_eth without suspected wash trades; NULL when no such sale has a price.';
COMMENT ON TABLE mart.wallet_daily IS 'One row per UTC day, chain and wallet that bought or sold when the day was last judged. A sale whose buyer is unknown is in its seller''s figures only, and the reverse.';

-- A load that is repeated looks up what its hour told before.
CREATE INDEX sale_conflict_hour ON ops.sale_conflict (source_hour);
