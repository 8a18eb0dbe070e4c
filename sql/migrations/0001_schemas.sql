-- Schemas and roles. Needs the right to create schemas in this database and, unless an administrator has
-- created the two roles before, CREATEROLE; never a superuser, so managed servers such as RDS will do.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['tidemark_loader', 'tidemark_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server is being migrated at the same moment
            END;
        END IF;
    END LOOP;
END
$$;

CREATE SCHEMA core;
CREATE SCHEMA mart;
CREATE SCHEMA staging;

COMMENT ON SCHEMA core IS 'Facts: one row per event of the market, each traceable to the file it was read from.';
COMMENT ON SCHEMA mart IS 'What analysts read: views and roll-ups over core, nothing that cannot be computed from core again.';
COMMENT ON SCHEMA ops IS 'What the loader did: runs, files, quarantine, conflicts, coverage and gaps.';
COMMENT ON SCHEMA staging IS 'The shapes of the temporary tables that a load copies its rows into.';
COMMENT ON TABLE ops.schema_migration IS 'One row per applied migration file; written in the transaction of the migration itself.';
COMMENT ON COLUMN ops.schema_migration.version_num IS 'The migration''s file name without .sql.';

GRANT USAGE ON SCHEMA core, mart, ops, staging TO tidemark_loader;
GRANT USAGE ON SCHEMA core, mart TO tidemark_reader;
GRANT SELECT ON ops.schema_migration TO tidemark_loader;
ALTER DEFAULT PRIVILEGES IN SCHEMA core, mart GRANT SELECT ON TABLES TO tidemark_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA core, mart, ops GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tidemark_loader;
ALTER DEFAULT PRIVILEGES IN SCHEMA staging GRANT SELECT ON TABLES TO tidemark_loader;
ALTER DEFAULT PRIVILEGES IN SCHEMA ops GRANT USAGE ON SEQUENCES TO tidemark_loader;
