-- Wash-trade signals, the versioned method that finds them, and the days that wait to be judged.

CREATE TABLE mart.flag_method (
    method      smallint NOT NULL,
    signal      text     NOT NULL,
    suspects    boolean  NOT NULL,
    days        integer  NOT NULL CHECK (days > 0),
    times       numeric  NOT NULL CHECK (times > 0),
    description text     NOT NULL,
    PRIMARY KEY (method, signal)
);

INSERT INTO mart.flag_method (method, signal, suspects, days, times, description) VALUES
    (1, 'self_trade',     true,  1,  1, 'Seller and buyer are one wallet'),
    (1, 'back_and_forth', true,  30, 1, 'The same two wallets sold the same token in the other direction within the days'),
    (1, 'bought_again',   true,  30, 1, 'The buyer had bought the same token before and sold it in between, all within the days'),
    (1, 'same_pair',      true,  1,  3, 'The same two wallets traded one contract in at least so many transactions of a UTC day, in either direction'),
    (1, 'price_outlier',  false, 1,  10, 'The unit price in ETH is at least so many times above or below the median of its collection on that UTC day, which had at least as many priced sales');

CREATE TABLE mart.sale_flags (
    sale_uid uuid     NOT NULL REFERENCES core.sale ON DELETE CASCADE,
    signal   text     NOT NULL,
    method   smallint NOT NULL,
    suspects boolean  NOT NULL,
    sold_at  timestamptz NOT NULL,
    PRIMARY KEY (sale_uid, signal),
    FOREIGN KEY (method, signal) REFERENCES mart.flag_method
);
CREATE INDEX sale_flags_sold_at ON mart.sale_flags (sold_at);

CREATE TABLE mart.stale_day (
    day       date        NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stale_day_day ON mart.stale_day (day);

COMMENT ON TABLE mart.flag_method IS 'One row per version of the wash-trade method and signal: what the signal means and its thresholds. The highest method is in force.';
COMMENT ON COLUMN mart.flag_method.method IS 'Version of the method; a change of thresholds or meaning is a new version.';
COMMENT ON COLUMN mart.flag_method.signal IS 'Name of the signal.';
COMMENT ON COLUMN mart.flag_method.suspects IS 'Whether the signal alone makes a sale a suspected wash trade. A price far off alone does not: rare pieces sell far above the floor.';
COMMENT ON COLUMN mart.flag_method.days IS 'Length of time the signal looks at, in days.';
COMMENT ON COLUMN mart.flag_method.times IS 'The signal''s threshold: how often, or how many times above or below.';
COMMENT ON COLUMN mart.flag_method.description IS 'The signal in words; "the days" and "so many" are the two thresholds.';

COMMENT ON TABLE mart.sale_flags IS 'One row per sale and wash-trade signal found on it. A sale of a judged day without a row showed no signal.';
COMMENT ON COLUMN mart.sale_flags.sale_uid IS 'The sale, as in mart.sales.';
COMMENT ON COLUMN mart.sale_flags.signal IS 'self_trade, back_and_forth, bought_again, same_pair or price_outlier; see mart.flag_method.';
COMMENT ON COLUMN mart.sale_flags.method IS 'Version of the method that found it.';
COMMENT ON COLUMN mart.sale_flags.suspects IS 'Whether this signal alone makes the sale a suspected wash trade.';
COMMENT ON COLUMN mart.sale_flags.sold_at IS 'When the sale happened, UTC; repeated here so that a day''s flags are found at once.';

COMMENT ON TABLE mart.stale_day IS 'One row per load and UTC day it touched, until that day is judged anew. A day that is listed has no figures without suspected wash trades for its touched hours yet.';
COMMENT ON COLUMN mart.stale_day.day IS 'The UTC day in which touched sales happened.';
COMMENT ON COLUMN mart.stale_day.marked_at IS 'When the load that touched it began.';
