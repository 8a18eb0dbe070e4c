"""The warehouse's writing side: migrations and the load of one hour, all of it PostgreSQL.

Belongs here: connections, the order of the steps, the text that COPY reads. Does not: what a message means
(`tidemark.loader.transform`), where files lie (`tidemark.loader.archive`), and SQL longer than a line (`sql/`).
"""
