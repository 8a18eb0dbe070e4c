"""The services that Tidemark needs, each as processes on this machine: PostgreSQL, S3, Airflow, Redis, the simulator.

Belongs here: how one service is started, reached and stopped. Does not: which services run together, and in what order.
"""
