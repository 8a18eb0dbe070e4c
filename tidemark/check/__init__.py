"""`tidemark check`: whether this machine's settings, its connections and its rights suffice, before they are needed.

Belongs here: one module per outside thing, which asks it and returns results. Does not: what a program does later.
"""
