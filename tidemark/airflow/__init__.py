"""What all DAGs share: which hours a run means, how it waits, and which errors are worth another try.

Belongs here: adapters between Airflow and the loader. Does not: a DAG.
"""
