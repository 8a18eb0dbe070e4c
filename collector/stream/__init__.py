"""The stream: a Phoenix channel client as a machine without input or output, and the one edge that has them.

Belongs here: frames, the machine and its transition table, back-off, the stall watchdog; all pure, with time and
chance as arguments. `websocket.py` alone touches the network. Does not: what becomes of a message.
"""
