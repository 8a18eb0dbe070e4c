-- What a repair brought, beside the gap that it fills.

ALTER TABLE ops.gap ADD COLUMN recovered bigint CHECK (recovered >= 0);

COMMENT ON COLUMN ops.gap.repaired_by IS 'The last of the repair runs that fill, from the Events API, what the other collectors left open of the stretch; NULL while it is open, and where the other collectors covered all of it.';
COMMENT ON COLUMN ops.gap.recovered IS 'Sales that only the Events API told of and that the stream would have sent in this stretch; one that falls into the gaps of two collectors counts for both. NULL while the gap is not repaired.';
