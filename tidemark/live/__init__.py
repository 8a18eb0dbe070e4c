"""What happens now, read beside a running collector: the spool's open file is followed, never locked or changed.

`market` (a record line for a person) and `notice` (what is worth a message) are pure; `spool` and `webhook` are edges.
"""
