"""A seeded market: what happens on the chains, and how the stream reports it.

Belongs here: chains, actors, orders, market events, and their payloads in each wire version. Does not: input, output or
a clock; time is an argument.
"""
