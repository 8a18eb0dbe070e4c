"""Questions to the Events API: repair of gaps and audit of hours, archived as one more collector's hours.

Belongs here: which windows to ask for, the API's pages, limits and faults, and the objects that a run puts into the
archive. Does not: loading them, which is the same as for any hour (`tidemark.loader.hours`).
"""
