-- Roles and rights. `tidemark migrate` runs this after migrations, and where a role or a right is missing: a dump that was
-- restored into another server brings the tables and neither. It changes nothing where all is right.
-- Needs CREATEROLE unless an administrator has created the two roles before; never a superuser, so RDS will do.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['tidemark_loader', 'tidemark_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
                -- these hold for a login as this role; one that is only a member of it needs its own
                IF role_name = 'tidemark_reader' THEN
                    ALTER ROLE tidemark_reader CONNECTION LIMIT 20;
                    ALTER ROLE tidemark_reader SET statement_timeout = '15min';
                    ALTER ROLE tidemark_reader SET idle_in_transaction_session_timeout = '10min';
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server is being migrated at the same moment
            END;
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA core, mart, ops, staging TO tidemark_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA core, mart, ops TO tidemark_loader;
REVOKE INSERT, UPDATE, DELETE ON ops.schema_migration FROM tidemark_loader;
GRANT SELECT ON ALL TABLES IN SCHEMA staging TO tidemark_loader;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ops TO tidemark_loader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA core, mart, ops TO tidemark_loader;

GRANT USAGE ON SCHEMA core, mart TO tidemark_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA core, mart TO tidemark_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA core, mart TO tidemark_reader;
