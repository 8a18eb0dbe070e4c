-- Moves the sales of a month into tables of the schema detached, and leaves what they add up to. {month} is such as 2026_01.
CREATE SCHEMA IF NOT EXISTS detached;

-- Grain: one row per key that leaves: of the month or older, and not received after the hours that are closed with it. An
-- older one was broadcast after its own month's hours.
CREATE TEMP TABLE detached_key ON COMMIT DROP AS
SELECT sale_uid
FROM core.sale
WHERE sold_at < :end AND source_hour < :closed;
INSERT INTO detached_key SELECT sale_uid FROM core.sale_superseded WHERE same_as IN (SELECT sale_uid FROM detached_key);
CREATE UNIQUE INDEX ON detached_key (sale_uid);
ANALYZE detached_key;

INSERT INTO core.detached_month AS known (month, sales, software)
SELECT date_trunc('month', sold_at AT TIME ZONE 'UTC')::date, count(*), :software
FROM detached_key
JOIN core.sale_row USING (sale_uid)
GROUP BY 1
ON CONFLICT (month) DO UPDATE SET sales = known.sales + excluded.sales;

INSERT INTO ops.detached_transaction (bucket, month, hashes)
SELECT hash & 4095, :month, array_agg(hash)
FROM (
    SELECT hashtextextended(transaction_hash, 0) AS hash FROM core.sale JOIN detached_key USING (sale_uid)
    UNION
    SELECT hashtextextended(transaction_hash, 0) FROM core.sale_superseded JOIN detached_key USING (sale_uid)
) AS hashed
GROUP BY hash & 4095;

CREATE TABLE detached.sale_flags_{month} AS SELECT flag.* FROM mart.sale_flags AS flag JOIN detached_key USING (sale_uid);
CREATE TABLE detached.sale_conflict_{month} AS SELECT conflict.* FROM ops.sale_conflict AS conflict JOIN detached_key USING (sale_uid);
CREATE TABLE detached.sale_sighting_{month} AS SELECT seen.* FROM core.sale_sighting AS seen JOIN detached_key USING (sale_uid);
CREATE TABLE detached.sale_superseded_{month} AS SELECT other.* FROM core.sale_superseded AS other JOIN detached_key USING (sale_uid);
CREATE TABLE detached.sale_row_{month} AS SELECT sale.* FROM core.sale_row AS sale JOIN detached_key USING (sale_uid);
CREATE TABLE detached.nft_kind_{month} AS
SELECT * FROM core.nft_kind WHERE nft_kind IN (SELECT nft_kind FROM detached.sale_row_{month});

DELETE FROM ops.sale_conflict USING detached_key WHERE sale_conflict.sale_uid = detached_key.sale_uid;
DELETE FROM core.sale_sighting USING detached_key WHERE sale_sighting.sale_uid = detached_key.sale_uid;
DELETE FROM core.sale_superseded USING detached_key WHERE sale_superseded.sale_uid = detached_key.sale_uid;
DELETE FROM core.sale_row USING detached_key WHERE sale_row.sale_uid = detached_key.sale_uid;
