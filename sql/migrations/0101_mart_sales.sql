-- The flat view of every sale, with the judgement beside it.

CREATE VIEW mart.sales AS
SELECT
    sale.sale_uid,
    sale.sold_at,
    (sale.sold_at AT TIME ZONE 'UTC')::date AS day,
    sale.chain,
    sale.collection_slug,
    sale.contract_address,
    sale.token_id,
    sale.nft_name,
    sale.seller,
    sale.buyer,
    sale.maker,
    sale.taker,
    sale.side,
    sale.quantity,
    sale.price,
    sale.unit_price,
    sale.payment_token_symbol,
    sale.payment_token_address,
    sale.price_eth,
    sale.price_usd,
    sale.price_eth / nullif(sale.quantity, 0) AS unit_price_eth,
    sale.marketplace_fee_raw * ('1e-' || sale.payment_token_decimals)::numeric AS marketplace_fee,
    sale.royalty_raw * ('1e-' || sale.payment_token_decimals)::numeric AS royalty,
    sale.eth_rate,
    sale.usd_rate,
    sale.is_private,
    sale.is_replayed,
    sale.source,
    sale.transaction_hash,
    sale.order_hash,
    sale.event_at,
    sale.sent_at,
    sale.received_at,
    sale.loaded_at,
    sale.source_hour,
    CASE
        WHEN EXISTS (SELECT FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid AND flag.suspects) THEN true
        WHEN EXISTS (SELECT FROM mart.stale_day AS stale WHERE stale.day = (sale.sold_at AT TIME ZONE 'UTC')::date) THEN NULL
        ELSE false
    END AS is_suspect,
    ARRAY(SELECT flag.signal FROM mart.sale_flags AS flag WHERE flag.sale_uid = sale.sale_uid ORDER BY flag.signal) AS signals
FROM core.sale AS sale;

COMMENT ON VIEW mart.sales IS 'One row per NFT sold in one order fill, with amounts in whole tokens and the wash-trade judgement beside it. A transaction that sweeps five NFTs has five rows.';
COMMENT ON COLUMN mart.sales.sale_uid IS 'Identity of the sale: from chain, transaction, contract, token id and order hash.';
COMMENT ON COLUMN mart.sales.sold_at IS 'When it was sold, UTC: time of the transaction, else the order''s closing, else the event.';
COMMENT ON COLUMN mart.sales.day IS 'UTC day of sold_at. Filter on sold_at, which has an index.';
COMMENT ON COLUMN mart.sales.chain IS 'Chain in lower case, as OpenSea names it; polygon also where the stream said matic.';
COMMENT ON COLUMN mart.sales.collection_slug IS 'OpenSea''s slug of the collection; NULL when the message named none.';
COMMENT ON COLUMN mart.sales.contract_address IS 'Contract of the NFT.';
COMMENT ON COLUMN mart.sales.token_id IS 'Token id as decimal text of up to 78 digits, or the address on Solana.';
COMMENT ON COLUMN mart.sales.nft_name IS 'Name of the NFT at the time of the sale; NULL when unknown.';
COMMENT ON COLUMN mart.sales.seller IS 'Wallet that gave the NFT; NULL when unknown, as it is where the side is and the message names no seller.';
COMMENT ON COLUMN mart.sales.buyer IS 'Wallet that paid; NULL when unknown.';
COMMENT ON COLUMN mart.sales.maker IS 'Wallet that made the order, as received.';
COMMENT ON COLUMN mart.sales.taker IS 'Wallet that filled the order, as received.';
COMMENT ON COLUMN mart.sales.side IS 'listing: the maker sold; offer: the maker bought; unknown.';
COMMENT ON COLUMN mart.sales.quantity IS 'How many of the token were sold; above 1 only for ERC-1155.';
COMMENT ON COLUMN mart.sales.price IS 'Total price in whole units of the payment token; NULL when unknown.';
COMMENT ON COLUMN mart.sales.unit_price IS 'Price of one in the payment token; NULL when it is not exact.';
COMMENT ON COLUMN mart.sales.payment_token_symbol IS 'Symbol of the payment token. Anybody can issue a token with a known symbol: tell tokens apart by address.';
COMMENT ON COLUMN mart.sales.payment_token_address IS 'Contract of the payment token; the zero address is the chain''s own coin.';
COMMENT ON COLUMN mart.sales.price_eth IS 'Total price in ETH at the rate of the moment; NULL when no rate was received.';
COMMENT ON COLUMN mart.sales.price_usd IS 'Total price in US dollars at the rate of the moment; NULL when no rate was received.';
COMMENT ON COLUMN mart.sales.unit_price_eth IS 'price_eth divided by quantity, rounded far below a wei''s worth.';
COMMENT ON COLUMN mart.sales.marketplace_fee IS 'Marketplace fee in whole units of the payment token; NULL when the order did not show it.';
COMMENT ON COLUMN mart.sales.royalty IS 'Creator royalties in whole units of the payment token; NULL when the order did not show them.';
COMMENT ON COLUMN mart.sales.eth_rate IS 'ETH for one unit of the payment token when it was sold.';
COMMENT ON COLUMN mart.sales.usd_rate IS 'US dollars for one unit of the payment token when it was sold.';
COMMENT ON COLUMN mart.sales.is_private IS 'Whether the order was reserved for one buyer; NULL when unknown.';
COMMENT ON COLUMN mart.sales.is_replayed IS 'Whether it was first received long after it was sold.';
COMMENT ON COLUMN mart.sales.source IS 'stream, or events_api for a sale that only the repair of a gap brought.';
COMMENT ON COLUMN mart.sales.transaction_hash IS 'Transaction in which it was sold; sweeps share one.';
COMMENT ON COLUMN mart.sales.order_hash IS 'Order that was filled; NULL when unknown or made elsewhere.';
COMMENT ON COLUMN mart.sales.event_at IS 'event_timestamp of the message, UTC.';
COMMENT ON COLUMN mart.sales.sent_at IS 'When OpenSea sent the message, UTC.';
COMMENT ON COLUMN mart.sales.received_at IS 'When the first collector received it, UTC.';
COMMENT ON COLUMN mart.sales.loaded_at IS 'When it was loaded into the warehouse, UTC.';
COMMENT ON COLUMN mart.sales.source_hour IS 'Start of the archive hour it was loaded from, UTC.';
COMMENT ON COLUMN mart.sales.is_suspect IS 'Whether it is a suspected wash trade; NULL while its day waits to be judged.';
COMMENT ON COLUMN mart.sales.signals IS 'Wash-trade signals found on it, also those that alone do not make it suspect.';
