"""An OpenSea stand-in: Stream API and Events API in one process, with faults on demand and a ledger.

Belongs here: `market/` (what happens: a seeded market), `channel`, `connection`, `faults`, `pace`, `ledger` (all pure),
the edges `websocket`, the two APIs and `disk`, and `server`, where they meet. Does not: anything the product needs to
run; only the command line, the local stack and tests use it.
"""
