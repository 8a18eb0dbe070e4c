"""When hours are loaded, healed and summed up: one DAG per file, wiring only.

Belongs here: schedules, forms, retries, and what a person reads when a square is red. Does not: work at import, or
anything that could be done without Airflow; that is the loader's. `wiring/` holds what the DAGs share with Airflow.
"""
