"""From the spool to the archive: pack, put once, read back, write the manifest last, delete after retention.

Belongs here: deciding what is due (`plan.py`, pure), counting and packing segments, and the two edges `disk.py`
(the spool folder as the uploader sees it) and `s3.py` (the archive). Does not: writing or repairing segments,
which is the spool's business, and the layout of names and manifests, which is the archive format's.
"""
