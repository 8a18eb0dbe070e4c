"""The Stream API: Phoenix channels on a websocket.

Belongs here: the protocol of a socket and what befalls a connection (pure), and the edge on aiohttp. Does not: what is
sent, which is the market's or a recording's business.
"""
