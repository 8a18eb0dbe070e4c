-- The shapes that a load copies into; temporary tables are created like them, so that loaders never meet.

CREATE TABLE staging.sale_sight (
    sight     bigint   NOT NULL,
    file      integer  NOT NULL,
    collector text     NOT NULL,
    content   bigint   NOT NULL,
    LIKE core.sale INCLUDING COMMENTS
);

ALTER TABLE staging.sale_sight
    DROP COLUMN source_hour, DROP COLUMN loaded_at, DROP COLUMN first_collector, DROP COLUMN first_load_id;

COMMENT ON TABLE staging.sale_sight IS 'One row per record line that tells of a sale, as read from the archive.';
COMMENT ON COLUMN staging.sale_sight.sight IS 'Number of the line within the load, in order of file and line, from 1.';
COMMENT ON COLUMN staging.sale_sight.file IS 'The object that holds it: ops.load_file.file.';
COMMENT ON COLUMN staging.sale_sight.collector IS 'The collector that received it.';
COMMENT ON COLUMN staging.sale_sight.content IS 'Equal for sights of this load that tell the same of a sale; means nothing beyond the load.';
