"""The whole system on one machine: embedded PostgreSQL, S3 and Airflow, the simulator, two collectors, cron.

Belongs here: starting, watching and stopping the very programs that run in production, with other addresses, and
telling a person how they did. Does not: anything that a program needs to do its work.
"""
