-- Indexes of core.sale for analysts' questions and for the marts: a token's history, a wallet's, an archive hour's.

CREATE INDEX sale_token ON core.sale (contract_address, token_id);
CREATE INDEX sale_buyer ON core.sale (buyer, sold_at);
CREATE INDEX sale_seller ON core.sale (seller, sold_at);
CREATE INDEX sale_source_hour ON core.sale (source_hour);
