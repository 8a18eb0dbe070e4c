"""The collector: receives the stream, keeps every message on disk, and uploads finished hours to the archive.

Belongs here: `stream/` (the protocol), `spool/` (the disk), `upload/` (the archive's door), and what lets a machine
run them for months: settings, logs, metrics, health. Does not: anything that reads a message's meaning.
"""
