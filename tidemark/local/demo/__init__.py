"""`tidemark demo`: three simulated hours with faults, and the report that compares all sources.

Belongs here: the schedule of the demo, and reading and comparing its results. Does not: starting a service.
"""
