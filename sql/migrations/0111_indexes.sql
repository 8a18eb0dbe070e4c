-- Indexes that cost a load the same however many sales there are, as far as their keys allow it.

-- Wallets alone: a B-tree keeps equal keys once, so these are smaller than those with a time beside each, and quicker to write, the more
-- often the same wallets trade. For a wallet's sales of some days PostgreSQL can take them together with sale_sold_at.
DROP INDEX core.sale_buyer, core.sale_seller;
CREATE INDEX sale_buyer ON core.sale (buyer);
CREATE INDEX sale_seller ON core.sale (seller);

-- The hour first: what a load writes lies together at the end, whatever the sales are called.
DROP INDEX core.sale_sighting_hour;
ALTER TABLE core.sale_sighting DROP CONSTRAINT sale_sighting_pkey, ADD PRIMARY KEY (source_hour, sale_uid, collector);
COMMENT ON TABLE core.sale_sighting IS 'One row per sale, hour and collector that saw it: how complete each collector is. The hour comes first in its key: to ask for one sale, name its source_hour as well.';
