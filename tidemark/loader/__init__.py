"""The loader: reads the archive and keeps the warehouse, called by Airflow or by hand.

Belongs here: `transform/` (record line to sale, pure), `warehouse/` (PostgreSQL), reading the archive, `repair/` of
gaps from the Events API. Does not: the collector's code, Airflow.
"""
