-- Grain: none yet. The tables of one load, empty; they live until its transaction ends.
CREATE TEMP TABLE sale_observation (LIKE staging.sale_observation) ON COMMIT DROP;

-- Grain: one row of core.sale that this load took out of it, as it was.
CREATE TEMP TABLE replaced (LIKE core.sale) ON COMMIT DROP;

-- Grain: one row per sale and collector whose sighting is new or another one than before.
CREATE TEMP TABLE new_sighting (sale_uid uuid NOT NULL) ON COMMIT DROP;

-- Grain: one row per sale and thing that an earlier load of this hour reported of it and this one does not; its transaction where it may be gone.
CREATE TEMP TABLE retracted (sale_uid uuid NOT NULL, transaction_hash text) ON COMMIT DROP;

-- Grain: one row of ops.sale_conflict that an earlier load of this hour wrote, as it was.
CREATE TEMP TABLE reported_before (LIKE ops.sale_conflict) ON COMMIT DROP;

-- Grain: one row per sale that went over to core.sale_superseded (1) or came back (-1).
CREATE TEMP TABLE superseded_delta (superseded integer NOT NULL) ON COMMIT DROP;

-- Grain: one row per changed sale, with the values it has or had; read by sql/marts/refresh_*.sql.
CREATE TEMP TABLE changed (chain text, collection_slug text, sold_at timestamptz, source_hour timestamptz) ON COMMIT DROP;

DELETE FROM ops.reject WHERE source_hour = :hour AND collector = ANY (:collectors);
DELETE FROM ops.quarantine WHERE source_hour = :hour AND collector = ANY (:collectors);
