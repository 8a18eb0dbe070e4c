-- How well each hour was recorded.

CREATE TABLE mart.hour_quality (
    hour                     timestamptz PRIMARY KEY,
    collectors               text[]  NOT NULL,
    covered_s                numeric NOT NULL,
    covered_twice_s          numeric NOT NULL,
    repaired_s               numeric NOT NULL,
    gaps                     jsonb   NOT NULL,
    sales                    bigint  NOT NULL,
    seen_by                  jsonb   NOT NULL,
    seen_in_overlap          bigint,
    missed_estimate          numeric,
    missed_low               numeric,
    missed_high              numeric,
    recovered                bigint  NOT NULL,
    quarantined              bigint  NOT NULL,
    sold_to_sent_p50_s       numeric,
    sold_to_sent_p95_s       numeric,
    sold_to_sent_p99_s       numeric,
    sent_to_received_p50_s   numeric,
    sent_to_received_p95_s   numeric,
    sent_to_received_p99_s   numeric,
    received_to_loaded_p50_s numeric,
    received_to_loaded_p95_s numeric,
    received_to_loaded_p99_s numeric,
    refreshed_at             timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE mart.hour_quality IS 'One row per archive hour that was loaded: how well it was covered, what each collector saw, what was probably missed, and how long sales took to arrive. docs/coverage.md explains the statistics.';
COMMENT ON COLUMN mart.hour_quality.hour IS 'Start of the archive hour, UTC: the hour in which messages were received.';
COMMENT ON COLUMN mart.hour_quality.collectors IS 'Collectors whose coverage of the hour was loaded; repair runs are not among them.';
COMMENT ON COLUMN mart.hour_quality.covered_s IS 'Seconds of the hour that at least one collector covered, on all the topics it was to record.';
COMMENT ON COLUMN mart.hour_quality.covered_twice_s IS 'Seconds of the hour that at least two collectors covered at once.';
COMMENT ON COLUMN mart.hour_quality.repaired_s IS 'Seconds that no collector covered and a repair run fetched from the Events API.';
COMMENT ON COLUMN mart.hour_quality.gaps IS 'Seconds each collector did not cover, by reason, such as {"b": {"connection_lost": 12.5}}.';
COMMENT ON COLUMN mart.hour_quality.sales IS 'Sales whose first sight belongs to this hour, those that repair recovered included.';
COMMENT ON COLUMN mart.hour_quality.seen_by IS 'Sales by the exact set of collectors that saw them: names joined by + to a count, such as {"a": 3, "a+b": 990, "b": 7}. Repair runs are left out.';
COMMENT ON COLUMN mart.hour_quality.seen_in_overlap IS 'Sales sent while two samples ran side by side: those from which the missed are estimated; NULL without an overlap.';
COMMENT ON COLUMN mart.hour_quality.missed_estimate IS 'Estimated sales that both samples missed while both ran (Chapman); NULL without an overlap.';
COMMENT ON COLUMN mart.hour_quality.missed_low IS 'Lower end of the 95 % interval of missed_estimate.';
COMMENT ON COLUMN mart.hour_quality.missed_high IS 'Upper end of the 95 % interval of missed_estimate.';
COMMENT ON COLUMN mart.hour_quality.recovered IS 'Sales that no collector saw and repair brought from the Events API.';
COMMENT ON COLUMN mart.hour_quality.quarantined IS 'Lines of the hour that could not be read as any event.';
COMMENT ON COLUMN mart.hour_quality.sold_to_sent_p50_s IS 'Median of the seconds from sale to OpenSea''s sending; replayed and recovered sales are left out of all latencies.';
COMMENT ON COLUMN mart.hour_quality.sold_to_sent_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sold_to_sent_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sent_to_received_p50_s IS 'Median of the seconds from sending to the first collector''s receiving; below zero when the clocks differ.';
COMMENT ON COLUMN mart.hour_quality.sent_to_received_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.sent_to_received_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.received_to_loaded_p50_s IS 'Median of the seconds from receiving to loading; long when the hour was backfilled.';
COMMENT ON COLUMN mart.hour_quality.received_to_loaded_p95_s IS '95th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.received_to_loaded_p99_s IS '99th percentile of the same.';
COMMENT ON COLUMN mart.hour_quality.refreshed_at IS 'When a load last wrote this row.';
