"""The Stream API: Phoenix channels on a websocket.

Belongs here: the protocol of a socket, a connection with its faults and its send queue (pure), and the edge on aiohttp.
Does not: what is sent, which comes from the market or a recording.
"""
