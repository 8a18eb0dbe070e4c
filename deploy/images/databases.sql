-- What the compose file's PostgreSQL makes at its first start: the users of loads and of Airflow, Airflow's database, and
-- Grafana's account, which only reads.
\getenv loader LOADER_PASSWORD
\getenv password GRAFANA_PASSWORD
CREATE ROLE tidemark_loader LOGIN PASSWORD :'loader';
CREATE ROLE airflow LOGIN PASSWORD :'loader';
CREATE DATABASE airflow OWNER airflow;
CREATE ROLE grafana LOGIN CONNECTION LIMIT 20 PASSWORD :'password' IN ROLE pg_read_all_data;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '60s';
ALTER ROLE grafana SET idle_in_transaction_session_timeout = '60s';
