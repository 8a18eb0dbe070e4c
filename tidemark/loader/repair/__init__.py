"""Repair of gaps: what no collector covered is asked of the Events API and archived as one more collector's hours.

Belongs here: which stretches are open, the API's pages and limits, and the objects that a repair puts into the archive.
Does not: loading them, which is the same as for any hour (`tidemark.loader.hours`).
"""
