"""Keeping the marts right: scoring the days that loads changed, and checking that nothing in the warehouse is wrong.

Belongs here: when which file of `sql/marts/` and `sql/checks/` runs. Does not: what they say, which is SQL, and
the roll-ups that a load refreshes itself.
"""
