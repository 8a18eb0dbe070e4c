-- Grain: none yet. One row per observation of the load will be copied into sale_observation.
CREATE TEMP TABLE sale_observation (LIKE staging.sale_observation) ON COMMIT DROP;

DELETE FROM ops.reject WHERE source_hour = :hour AND collector = ANY (:collectors);
DELETE FROM ops.quarantine WHERE source_hour = :hour AND collector = ANY (:collectors);
