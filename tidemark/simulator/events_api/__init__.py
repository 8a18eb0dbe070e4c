"""The Events API: what the stream sent, asked for afterwards.

Belongs here: the API's own shapes, its pages and its rate limit (pure), and the edge on aiohttp. Does not: the
market; it only stores what was published.
"""
