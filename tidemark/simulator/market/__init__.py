"""A seeded market: what happens on the chains, and how the stream tells of it.

Belongs here: chains, the actors, orders, happenings, and their payloads in each version of the stream. Does not: input,
output or a clock; time is an argument.
"""
