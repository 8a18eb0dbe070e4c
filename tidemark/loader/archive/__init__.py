"""Reading the archive: which manifests an hour has, and the record lines of its segments, verified.

Belongs here: S3 as the loader sees it. Does not: the format itself (the package `archive`), what a line means,
PostgreSQL.
"""
