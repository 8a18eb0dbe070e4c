-- What the compose file's PostgreSQL makes at its first start: Airflow's database, and Grafana's account, which only reads.
\getenv password GRAFANA_PASSWORD
CREATE DATABASE airflow;
CREATE ROLE grafana LOGIN PASSWORD :'password' IN ROLE pg_read_all_data;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '60s';
