"""The Events API: what was published, asked for afterwards.

Belongs here: the API's own shapes, its pages, their faults and its rate limit (pure), and the edge on aiohttp. Does
not: the market; it only stores what was published.
"""
