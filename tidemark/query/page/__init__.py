"""The page: hours, what is missing and why, and the market, as one HTML document without a script.

Belongs here: what is read for it (`sql/page/`), what it shows, how it is written. Does not: a web server; Airflow's
plugin, `tidemark up` and `tidemark report` each serve the same page.
"""
