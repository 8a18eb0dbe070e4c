"""From the spool to the archive: pack, put once, read back, write the manifest last, delete after retention.

Belongs here: deciding what is due (`plan.py`, pure), counting and packing segments, and the two edges `folders.py`
(the spool as the uploader sees it) and `archive.py` (the bucket that the settings name). Does not: writing or
repairing segments (`collector.spool`), S3 itself (`tidemark.storage`), names and manifests (`tidemark.archive`).
"""
