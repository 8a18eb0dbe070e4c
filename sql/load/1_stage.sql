-- Grain: none yet. One row per observation of the load will be copied into observation_row.
CREATE TEMP TABLE observation_row (LIKE staging.observation_row) ON COMMIT DROP;

-- Grain: one row per kind of NFT that the load has sales of.
CREATE TEMP TABLE observed_kind (LIKE core.nft_kind INCLUDING INDEXES) ON COMMIT DROP;

-- Grain: that of observation_row. sale_observation shows them as core.sale shows its rows, by that view's own definition, in
-- which PostgreSQL names the schema unless it is in the search path.
DO $$
DECLARE
    shown constant text := regexp_replace(
        regexp_replace(pg_get_viewdef('core.sale'::regclass), '(FROM \(*)(core[.])?sale_row', '\1observation_row AS sale_row'),
        'JOIN (core[.])?nft_kind', 'JOIN observed_kind AS nft_kind'
    );
BEGIN
    EXECUTE 'CREATE TEMP VIEW sale_observation AS SELECT observation, file, core.code_to_word(first_collector) AS collector,
        ops.is_vague(order_hash, core.null_to_usual(quantity, 1, -1), maker, taker, seller, buyer) AS is_vague,'
        || substr(shown, length(' SELECT '));
END
$$;

DELETE FROM ops.reject WHERE source_hour = :hour AND collector = ANY (:collectors);
DELETE FROM ops.quarantine WHERE source_hour = :hour AND collector = ANY (:collectors);

-- What the market adds up to, part by part, and single orders, what became of them, and transfers: see
-- tidemark/loader/transform/market.py.
CREATE TEMP TABLE market_part (
    collector text COLLATE "C", kind text COLLATE "C", chain text COLLATE "C", collection_slug text COLLATE "C",
    payment_token_address text COLLATE "C", payment_token_symbol text COLLATE "C", payment_token_decimals smallint,
    is_late boolean, price_raw numeric, keys text COLLATE "C", wallets text COLLATE "C"
) ON COMMIT DROP;
CREATE TEMP TABLE order_observation (collector text COLLATE "C", LIKE core.market_order) ON COMMIT DROP;
CREATE TEMP TABLE revision_observation (collector text COLLATE "C", LIKE core.order_revision) ON COMMIT DROP;
CREATE TEMP TABLE transfer_observation (collector text COLLATE "C", LIKE core.transfer) ON COMMIT DROP;
ALTER TABLE order_observation DROP COLUMN source_hour;
ALTER TABLE revision_observation DROP COLUMN source_hour;
ALTER TABLE transfer_observation DROP COLUMN source_hour;
