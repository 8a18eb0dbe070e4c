-- Roll-ups by collection: of an hour, written by loads, and of a day, written when the day is judged.

CREATE TABLE mart.collection_hourly (
    hour               timestamptz NOT NULL,
    chain              text NOT NULL,
    collection_slug    text,
    sales              bigint NOT NULL,
    items              numeric,
    volume_eth         numeric,
    volume_usd         numeric,
    without_eth        bigint NOT NULL,
    without_usd        bigint NOT NULL,
    buyers             bigint NOT NULL,
    sellers            bigint NOT NULL,
    low_eth            numeric,
    median_eth         numeric,
    high_eth           numeric,
    sales_clean        bigint,
    volume_eth_clean   numeric,
    volume_usd_clean   numeric,
    buyers_clean       bigint,
    sellers_clean      bigint,
    low_eth_clean      numeric,
    median_eth_clean   numeric,
    high_eth_clean     numeric
);
CREATE UNIQUE INDEX collection_hourly_key ON mart.collection_hourly (hour, chain, coalesce(collection_slug, ''));
CREATE INDEX collection_hourly_collection ON mart.collection_hourly (collection_slug, hour);

COMMENT ON TABLE mart.collection_hourly IS 'One row per UTC hour of sale, chain and collection that had sales. Written by the load for the hours it touched; the _clean columns follow when the day is judged.';
COMMENT ON COLUMN mart.collection_hourly.hour IS 'Start of the UTC hour in which the sales happened.';
COMMENT ON COLUMN mart.collection_hourly.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.collection_hourly.collection_slug IS 'Collection; NULL collects the sales whose message named none.';
COMMENT ON COLUMN mart.collection_hourly.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.collection_hourly.items IS 'Number of NFTs, with quantities; NULL when none of the quantities is known.';
COMMENT ON COLUMN mart.collection_hourly.volume_eth IS 'Sum of the prices in ETH, over the sales that have one.';
COMMENT ON COLUMN mart.collection_hourly.volume_usd IS 'Sum of the prices in US dollars, over the sales that have one.';
COMMENT ON COLUMN mart.collection_hourly.without_eth IS 'Sales left out of the ETH figures because no rate or price was received.';
COMMENT ON COLUMN mart.collection_hourly.without_usd IS 'Sales left out of volume_usd because no rate or price was received.';
COMMENT ON COLUMN mart.collection_hourly.buyers IS 'Distinct wallets that bought; a sale whose buyer is unknown adds none.';
COMMENT ON COLUMN mart.collection_hourly.sellers IS 'Distinct wallets that sold; a sale whose seller is unknown adds none.';
COMMENT ON COLUMN mart.collection_hourly.low_eth IS 'Lowest price of one NFT in ETH.';
COMMENT ON COLUMN mart.collection_hourly.median_eth IS 'Median price of one NFT in ETH: a price that was really paid, the lower of two middle ones.';
COMMENT ON COLUMN mart.collection_hourly.high_eth IS 'Highest price of one NFT in ETH.';
COMMENT ON COLUMN mart.collection_hourly.sales_clean IS 'The same as sales without suspected wash trades; NULL while the day waits to be judged.';
COMMENT ON COLUMN mart.collection_hourly.volume_eth_clean IS 'The same as volume_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_hourly.volume_usd_clean IS 'The same as volume_usd without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_hourly.buyers_clean IS 'The same as buyers without suspected wash trades; NULL while the day waits to be judged.';
COMMENT ON COLUMN mart.collection_hourly.sellers_clean IS 'The same as sellers without suspected wash trades; NULL while the day waits to be judged.';
COMMENT ON COLUMN mart.collection_hourly.low_eth_clean IS 'The same as low_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_hourly.median_eth_clean IS 'The same as median_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_hourly.high_eth_clean IS 'The same as high_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';

CREATE TABLE mart.collection_daily (
    day                date NOT NULL,
    chain              text NOT NULL,
    collection_slug    text,
    sales              bigint NOT NULL,
    items              numeric,
    volume_eth         numeric,
    volume_usd         numeric,
    without_eth        bigint NOT NULL,
    without_usd        bigint NOT NULL,
    buyers             bigint NOT NULL,
    sellers            bigint NOT NULL,
    low_eth            numeric,
    median_eth         numeric,
    high_eth           numeric,
    sales_clean        bigint,
    volume_eth_clean   numeric,
    volume_usd_clean   numeric,
    buyers_clean       bigint,
    sellers_clean      bigint,
    low_eth_clean      numeric,
    median_eth_clean   numeric,
    high_eth_clean     numeric
);
CREATE UNIQUE INDEX collection_daily_key ON mart.collection_daily (day, chain, coalesce(collection_slug, ''));
CREATE INDEX collection_daily_collection ON mart.collection_daily (collection_slug, day);

COMMENT ON TABLE mart.collection_daily IS 'One row per UTC day of sale, chain and collection that had sales. Distinct wallets and medians are those of the whole day, not sums of hours.';
COMMENT ON COLUMN mart.collection_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.collection_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.collection_daily.collection_slug IS 'Collection; NULL collects the sales whose message named none.';
COMMENT ON COLUMN mart.collection_daily.sales IS 'Number of sales (rows of mart.sales).';
COMMENT ON COLUMN mart.collection_daily.items IS 'Number of NFTs, with quantities; NULL when none of the quantities is known.';
COMMENT ON COLUMN mart.collection_daily.volume_eth IS 'Sum of the prices in ETH, over the sales that have one.';
COMMENT ON COLUMN mart.collection_daily.volume_usd IS 'Sum of the prices in US dollars, over the sales that have one.';
COMMENT ON COLUMN mart.collection_daily.without_eth IS 'Sales left out of the ETH figures because no rate or price was received.';
COMMENT ON COLUMN mart.collection_daily.without_usd IS 'Sales left out of volume_usd because no rate or price was received.';
COMMENT ON COLUMN mart.collection_daily.buyers IS 'Distinct wallets that bought; a sale whose buyer is unknown adds none.';
COMMENT ON COLUMN mart.collection_daily.sellers IS 'Distinct wallets that sold; a sale whose seller is unknown adds none.';
COMMENT ON COLUMN mart.collection_daily.low_eth IS 'Lowest price of one NFT in ETH.';
COMMENT ON COLUMN mart.collection_daily.median_eth IS 'Median price of one NFT in ETH: a price that was really paid, the lower of two middle ones.';
COMMENT ON COLUMN mart.collection_daily.high_eth IS 'Highest price of one NFT in ETH.';
COMMENT ON COLUMN mart.collection_daily.sales_clean IS 'The same as sales without suspected wash trades; NULL while the day waits to be judged.';
COMMENT ON COLUMN mart.collection_daily.volume_eth_clean IS 'The same as volume_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.volume_usd_clean IS 'The same as volume_usd without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.buyers_clean IS 'The same as buyers without suspected wash trades; NULL while the day waits to be judged.';
COMMENT ON COLUMN mart.collection_daily.sellers_clean IS 'The same as sellers without suspected wash trades; NULL while the day waits to be judged.';
COMMENT ON COLUMN mart.collection_daily.low_eth_clean IS 'The same as low_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.median_eth_clean IS 'The same as median_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
COMMENT ON COLUMN mart.collection_daily.high_eth_clean IS 'The same as high_eth without suspected wash trades; NULL while the day waits to be judged, or when no such sale has a price.';
