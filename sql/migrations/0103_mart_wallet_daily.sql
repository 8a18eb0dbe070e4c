-- Roll-up by wallet and day.

CREATE TABLE mart.wallet_daily (
    day         date   NOT NULL,
    chain       text   NOT NULL,
    wallet      text   NOT NULL,
    bought      bigint NOT NULL,
    sold        bigint NOT NULL,
    spent_eth   numeric,
    earned_eth  numeric,
    spent_usd   numeric,
    earned_usd  numeric,
    collections bigint NOT NULL,
    PRIMARY KEY (day, chain, wallet)
);
CREATE INDEX wallet_daily_wallet ON mart.wallet_daily (wallet, day);

COMMENT ON TABLE mart.wallet_daily IS 'One row per UTC day, chain and wallet that bought or sold. A sale whose seller or buyer is unknown is not in that wallet''s figures.';
COMMENT ON COLUMN mart.wallet_daily.day IS 'UTC day in which the sales happened.';
COMMENT ON COLUMN mart.wallet_daily.chain IS 'Chain, as in mart.sales.';
COMMENT ON COLUMN mart.wallet_daily.wallet IS 'The wallet''s address.';
COMMENT ON COLUMN mart.wallet_daily.bought IS 'Sales in which it was the buyer.';
COMMENT ON COLUMN mart.wallet_daily.sold IS 'Sales in which it was the seller.';
COMMENT ON COLUMN mart.wallet_daily.spent_eth IS 'Sum of the prices it paid in ETH, over the sales that have one; NULL when none has.';
COMMENT ON COLUMN mart.wallet_daily.earned_eth IS 'Sum of the prices of what it sold in ETH, fees and royalties not deducted; NULL when none is known.';
COMMENT ON COLUMN mart.wallet_daily.spent_usd IS 'The same as spent_eth in US dollars.';
COMMENT ON COLUMN mart.wallet_daily.earned_usd IS 'The same as earned_eth in US dollars.';
COMMENT ON COLUMN mart.wallet_daily.collections IS 'Distinct collections in which it bought or sold.';
