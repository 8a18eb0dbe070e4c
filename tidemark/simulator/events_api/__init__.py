"""The Events API: what the stream told, asked for afterwards.

Belongs here: the API's own shapes, its pages and its rate limit (pure), and the edge on aiohttp. Does not: anything
that happens; it only remembers what the stream was given.
"""
