-- mart.sales: The newest sales of a collection that are no suspects, with the price of one in ETH.
SELECT sold_at, token_id, unit_price_eth, side, seller, buyer
FROM mart.sales
WHERE collection_slug = 'pudgypenguins' AND is_suspect IS NOT TRUE
ORDER BY sold_at DESC
LIMIT 20;

-- mart.collection_hourly: The busiest hours of a collection in the last week that it has.
SELECT hour, sales, volume_eth, without_eth
FROM mart.collection_hourly
WHERE collection_slug = 'pudgypenguins' AND hour >= (SELECT max(hour) FROM mart.collection_hourly) - interval '7 days'
ORDER BY sales DESC
LIMIT 10;

-- mart.collection_daily: Volume of each day with and without suspects, and how far the two are apart.
SELECT day, volume_eth, volume_eth_clean, round(100 * (1 - volume_eth_clean / nullif(volume_eth, 0)), 1) AS suspect_percent
FROM mart.collection_daily
WHERE chain = 'ethereum' AND collection_slug = 'pudgypenguins'
ORDER BY day;

-- mart.wallet_daily: Wallets that bought on more than three days of a month.
SELECT wallet, count(DISTINCT day) AS days, sum(bought) AS bought, sum(spent_eth) AS spent_eth
FROM mart.wallet_daily
WHERE day >= '2026-11-01' AND day < '2026-12-01' AND bought > 0
GROUP BY wallet
HAVING count(DISTINCT day) > 3
ORDER BY spent_eth DESC NULLS LAST
LIMIT 20;

-- mart.market_daily: How many wallets traded each day, and what OpenSea earned.
SELECT day, sales, buyers, sellers, fee_usd
FROM mart.market_daily
WHERE chain IS NULL AND day >= '2026-11-01'
ORDER BY day;

-- mart.top_sale_daily: The highest price of each day.
SELECT day, max(price_usd) AS highest_usd
FROM mart.top_sale_daily
GROUP BY day
ORDER BY day;

-- mart.resale: How many of each day's sales are resales by a wallet that was seen to buy the token.
SELECT (sold_at AT TIME ZONE 'UTC')::date AS day, count(*) AS resales
FROM mart.resale
GROUP BY day
ORDER BY day;

-- mart.payment_token_daily: What the sales of each day were paid with.
SELECT day, chain, payment_token_symbol, payment_token_address, sales, volume, volume_usd
FROM mart.payment_token_daily
WHERE day >= '2026-11-01'
ORDER BY day, sales DESC;

-- mart.price_range_daily: How many NFTs of each day cost one ETH or more.
SELECT day, sum(sales) FILTER (WHERE from_eth >= 1) AS sales, sum(sales) AS of_sales
FROM mart.price_range_daily
WHERE day >= '2026-11-01'
GROUP BY day
ORDER BY day;

-- mart.collection_royalty_daily: What the creators of a collection received each day.
SELECT day, sales_with_royalty_known, sales, royalty_eth
FROM mart.collection_royalty_daily
WHERE chain = 'ethereum' AND collection_slug = 'pudgypenguins' AND day >= '2026-11-01'
ORDER BY day;

-- mart.sweep_daily: Wallets that swept on several days.
SELECT buyer, count(DISTINCT day) AS days, count(*) AS sweeps, sum(sales) AS sales, sum(volume_eth) AS volume_eth
FROM mart.sweep_daily
GROUP BY buyer
HAVING count(DISTINCT day) > 1
ORDER BY sales DESC
LIMIT 20;

-- mart.suspect_sale: Suspects of each collection.
SELECT collection_slug, count(*) AS suspects
FROM mart.suspect_sale
JOIN core.sale USING (sale_uid)
GROUP BY collection_slug
ORDER BY suspects DESC
LIMIT 10;

-- mart.sale_flags: Sales to oneself or back and forth, with what was paid.
SELECT sales.sold_at, sales.collection_slug, sales.token_id, sales.price_eth, flag.signal
FROM mart.sale_flags AS flag
JOIN mart.sales USING (sale_uid)
WHERE flag.signal IN ('self_trade', 'back_and_forth')
ORDER BY sales.price_eth DESC NULLS LAST
LIMIT 20;

-- mart.flag_method: What the signals in force mean.
SELECT signal, suspects, days, times, description
FROM mart.flag_method
WHERE method = (SELECT max(method) FROM mart.flag_method);

-- mart.sale_fees: What was paid to whom for the sales of a collection.
SELECT kind, recipient, payment_token_symbol, count(*) AS sales, sum(amount) AS amount
FROM mart.sale_fees
WHERE collection_slug = 'pudgypenguins' AND sold_at >= '2026-11-01 00:00Z'
GROUP BY kind, recipient, payment_token_symbol
ORDER BY sales DESC;

-- mart.royalty_daily: Collections that pay more than one unknown recipient.
SELECT chain, collection, count(DISTINCT recipient) AS recipients
FROM mart.royalty_daily
GROUP BY chain, collection
HAVING count(DISTINCT recipient) > 1
ORDER BY recipients DESC;

-- mart.price_daily: What a collection usually costs, and its dearest sale of each day.
SELECT day, priced, median_eth, high_eth
FROM mart.price_daily
WHERE collection = 'pudgypenguins'
ORDER BY day;

-- mart.stale_day: Days whose figures without suspects are still to come.
SELECT day, min(marked_at) AS waiting_since
FROM mart.stale_day
GROUP BY day
ORDER BY day;

-- mart.hour_quality: Hours in which something may be missing.
SELECT hour, 3600 - covered_s - repaired_s AS open_s, missed_estimate, missed_high, gaps
FROM mart.hour_quality
WHERE covered_s + repaired_s < 3600 OR missed_high >= 1
ORDER BY hour;

-- core.sale: One sale with everything that its message reported.
SELECT *
FROM core.sale
WHERE transaction_hash = '0x27b04793393f06f5529bed99bfb35f8af2487a478a7ace121ebc1f057c77c6b1';

-- core.sale_row: How many bytes the rows and the indexes of each month have.
SELECT relname AS month, pg_table_size(oid) AS bytes_of_rows, pg_indexes_size(oid) AS bytes_of_indexes
FROM pg_class
WHERE relnamespace = 'months'::regnamespace AND relkind = 'r'
ORDER BY month;

-- core.nft_kind: Contracts whose sales pay more than one recipient, by how many they pay.
SELECT contract_address, count(DISTINCT fee_recipient) AS recipients
FROM core.nft_kind
GROUP BY contract_address
HAVING count(DISTINCT fee_recipient) > 1
ORDER BY recipients DESC;

-- core.nft_kind_salt: That there is one, and which.
SELECT salt
FROM core.nft_kind_salt;

-- core.detached_month: Months whose sales are in tables of their own.
SELECT month, sales, detached_at
FROM core.detached_month
ORDER BY month;

-- core.fee_recipient: Who is known to be paid, and from when on.
SELECT chain, recipient, kind, name, from_at
FROM core.fee_recipient
ORDER BY kind, chain, recipient, from_at;

-- core.sale_sighting: How many sales of a day each collector saw.
SELECT collector, count(DISTINCT sale_uid) AS sales
FROM core.sale_sighting
WHERE source_hour >= '2026-11-20 00:00Z' AND source_hour < '2026-11-21 00:00Z'
GROUP BY collector;

-- core.sale_superseded: Observations that lacked a value, and the sales that they are.
SELECT other.sale_uid, other.source, other.order_hash, kept.sale_uid AS same_as, kept.order_hash AS kept_order_hash
FROM core.sale_superseded AS other
JOIN core.sale AS kept ON kept.sale_uid = other.same_as
LIMIT 20;

-- mart.gaps: What each collector missed lately, why, and what filled it.
SELECT hour, collector, from_at, to_at, reason, repaired_by, recovered
FROM mart.gaps
ORDER BY from_at DESC
LIMIT 20;

-- mart.loads: The last loads, how long they took, and what they brought.
SELECT hour, finished_at - started_at AS took, collectors, lines, inserted, duplicates, quarantined
FROM mart.loads
ORDER BY load_id DESC
LIMIT 20;

-- ops.load_run: The newest load of each hour.
SELECT DISTINCT ON (source_hour) source_hour, finished_at, collectors, lines, inserted, duplicates, quarantined
FROM ops.load_run
ORDER BY source_hour DESC, load_id DESC
LIMIT 24;

-- ops.load_lock: The hours that no load has locked now, newest first.
SELECT name
FROM ops.load_lock
WHERE name LIKE 'hour %'
ORDER BY name DESC
FOR UPDATE SKIP LOCKED;

-- ops.recent_load: How many transactions' sales the last loads decided about.
SELECT place, cardinality(transactions) AS transactions, seen_before
FROM ops.recent_load
ORDER BY place;

-- ops.load_file: From which objects an hour was loaded.
SELECT file.key, file.lines, file.inserted, file.sha256
FROM ops.load_file AS file
JOIN ops.load_run USING (load_id)
WHERE source_hour = '2026-11-20 10:00Z'
ORDER BY load_id DESC, file;

-- ops.reject: Why lines were put aside, how many, and since when.
SELECT event_type, reason, sum(lines) AS lines, min(source_hour) AS first_hour, max(source_hour) AS last_hour
FROM ops.reject
GROUP BY event_type, reason
ORDER BY lines DESC;

-- ops.quarantine: The newest lines that could not be read.
SELECT source_hour, reason, raw
FROM ops.quarantine
ORDER BY source_hour DESC, key, line
LIMIT 20;

-- ops.sale_conflict: Sales of which there is another version, and who reported it.
SELECT sale.sale_uid, sale.sold_at, conflict.collector, conflict.reported
FROM ops.sale_conflict AS conflict
JOIN core.sale USING (sale_uid)
ORDER BY sale.sold_at DESC
LIMIT 20;

-- ops.sale_difference: In which fields observations of one sale differ.
SELECT field, source, count(*) AS sales
FROM ops.sale_difference
GROUP BY field, source
ORDER BY sales DESC;

-- ops.coverage: When each collector was covered in an hour.
SELECT collector, topic, from_at, to_at
FROM ops.coverage
WHERE source_hour = '2026-11-20 10:00Z'
ORDER BY collector, topic, from_at;

-- ops.proven_coverage: When an hour's sales are completely loaded, from any source.
SELECT topic, range_agg(tstzrange(from_at, to_at)) AS covered
FROM ops.proven_coverage
WHERE source_hour = '2026-11-20 10:00Z'
GROUP BY topic;

-- ops.gap: Seconds lost for each reason, and those repaired.
SELECT
    collector, reason,
    sum(extract(epoch FROM to_at - from_at)) AS seconds,
    sum(extract(epoch FROM to_at - from_at)) FILTER (WHERE repaired_by IS NOT NULL) AS repaired
FROM ops.gap
GROUP BY collector, reason
ORDER BY seconds DESC;

-- ops.topic_count: Messages and sales of each topic and collector in an hour.
SELECT collector, topic, sum(counted.messages) AS messages, sum(counted.sales) AS sales
FROM ops.topic_count, unnest(minutes, messages, topic_count.sales) AS counted (minute, messages, sales)
WHERE source_hour = '2026-11-20 10:00Z'
GROUP BY collector, topic
ORDER BY topic, collector;

-- ops.silence: Where other collectors contradicted a claim of coverage.
SELECT collector, topic, from_at, to_at
FROM ops.silence
ORDER BY from_at, collector, topic;

-- ops.audit: The collections of which the stream lost the most sales, by what audits found.
SELECT topic, sum(api_sales) AS api_sales, sum(covered) AS covered, sum(unseen) AS unseen
FROM ops.audit
GROUP BY topic
HAVING sum(unseen) > 0
ORDER BY unseen DESC
LIMIT 20;

-- ops.audit_draw: What each audit chose to ask, and by which seed.
SELECT collector, seed, budget, hours_due, count(*) AS windows, sum(expected_requests) AS expected_requests
FROM ops.audit_draw
GROUP BY collector, seed, budget, hours_due
ORDER BY collector DESC
LIMIT 20;

-- ops.schema_migration: Which migrations the warehouse has.
SELECT version_num
FROM ops.schema_migration
ORDER BY version_num;

-- staging.observation_row: Nothing; the table is empty at all times and only gives its shape to the temporary tables of a load.
SELECT count(*)
FROM staging.observation_row;

-- mart.market_hourly: Listings, bids and their best prices of a collection, hour by hour.
SELECT
    hour, payment_token_symbol, listings, listers, lowest_listing_raw * ('1e-' || payment_token_decimals)::numeric AS lowest_listing,
    collection_offers, best_collection_offer_raw * ('1e-' || payment_token_decimals)::numeric AS best_collection_offer
FROM mart.market_hourly
WHERE collection_slug = 'pudgypenguins' AND hour >= '2026-11-20' AND hour < '2026-11-21'
ORDER BY hour, payment_token_symbol;

-- mart.market_hour: Hours whose market is not known.
SELECT hour, collectors
FROM mart.market_hour
WHERE NOT is_known
ORDER BY hour;

-- mart.book_coverage: Since when a book of each topic can be followed.
SELECT topic, min(from_at)
FROM mart.book_coverage
GROUP BY topic;

-- mart.transfers: Where a token came from and went to.
SELECT transferred_at, kind, sender, recipient, quantity, transaction_hash
FROM mart.transfers
WHERE contract_address = '0xbd3531da5cf5857e7cfaa92426877b022e612cf8' AND token_id = '3246'
ORDER BY transferred_at;

-- core.market_order: The cheapest listings that were placed in an hour.
SELECT placed_at, token_id, maker, unit_price_raw, payment_token_symbol, expires_at
FROM core.market_order
WHERE source_hour = '2026-11-20 10:00Z' AND collection_slug = 'pudgypenguins' AND kind = 'listing'
ORDER BY unit_price_raw
LIMIT 20;

-- core.market_order_rest: Hours in which more orders were placed than are kept.
SELECT source_hour, kind, collection_slug, orders
FROM core.market_order_rest
ORDER BY orders DESC
LIMIT 20;

-- core.order_revision: What became of an order.
SELECT kind, revised_at
FROM core.order_revision
WHERE order_hash = '0x18ea513382e2c8e9307cd0cfd1a595556205cc94992accdaf71e77f21cad1d4c'
ORDER BY revised_at;

-- core.offer_token: The token in which offers are made on a chain.
SELECT address
FROM core.offer_token
WHERE chain = 'ethereum';

-- core.transfer: Transfers of an hour by kind.
SELECT kind, count(*) AS transfers
FROM core.transfer
WHERE source_hour = '2026-11-20 10:00Z'
GROUP BY kind;

-- ops.detached_transaction: How many transactions of each detached month are known.
SELECT month, sum(cardinality(hashes)) AS transactions
FROM ops.detached_transaction
GROUP BY month
ORDER BY month;

-- ops.event_count: What the manifests of an hour count, and what was read of it.
SELECT event_type, sum(messages) AS messages, sum(rejected) AS rejected
FROM ops.event_count
WHERE source_hour = '2026-11-20 10:00Z'
GROUP BY event_type
ORDER BY messages DESC;

-- ops.market_count: How many messages of an hour repeated what another one reported.
SELECT kind, messages, counted, earlier, repeated
FROM ops.market_count
WHERE source_hour = '2026-11-20 10:00Z'
ORDER BY messages DESC;
