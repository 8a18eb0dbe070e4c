"""`tidemark up`, `down` and `status --local`: the system as it is kept running on this machine.

Belongs here: the supervisor, what it leaves for the other commands, and what a person is shown. Does not: the demo.
"""
