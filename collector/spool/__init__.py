"""The spool: the folder in which received messages are safe before anything else happens to them.

Belongs here: segments, the coverage ledger, the lock, repair after a death. State is folders and names, a
transition is a rename: `open/` grows, `sealed/` never changes. Only `disk.py` does input and output.
Does not: where messages come from, and where sealed files go.
"""
