-- Schemas. Needs the right to create schemas in this database. Roles and rights are in ../grants.sql.

CREATE SCHEMA core;
CREATE SCHEMA mart;
CREATE SCHEMA months;
CREATE SCHEMA staging;
ALTER TABLE ops.schema_migration ADD applied_at timestamptz NOT NULL DEFAULT now();

COMMENT ON SCHEMA core IS 'Facts: one row per event of the market, each traceable to the file it was read from.';
COMMENT ON SCHEMA mart IS 'What analysts read: views and roll-ups over core, nothing that cannot be computed from core again.';
COMMENT ON SCHEMA months IS 'The parts of core.sale_row, one for each month of hours; read core.sale instead.';
COMMENT ON SCHEMA ops IS 'What the loader did: runs, files, quarantine, conflicts, coverage and gaps.';
COMMENT ON SCHEMA staging IS 'The shapes of the temporary tables that a load copies its rows into.';
COMMENT ON TABLE ops.schema_migration IS 'One row per applied migration file; written in the transaction of the migration itself.';
COMMENT ON COLUMN ops.schema_migration.version_num IS 'The migration''s file name without .sql.';
COMMENT ON COLUMN ops.schema_migration.applied_at IS 'When it was applied; until an hour is loaded, hours are due from the first of these.';
