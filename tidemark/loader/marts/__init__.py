"""Keeping the marts right: judging the days that loads touched, and checking that nothing in the warehouse is wrong.

Belongs here: when which file of `sql/marts/` and `sql/checks/` runs. Does not: what they say, which is SQL, and
the roll-ups that a load refreshes itself.
"""
