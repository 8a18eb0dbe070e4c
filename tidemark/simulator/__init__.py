"""A simulated OpenSea: Stream API and Events API in one process, with faults on demand and a ledger.

Belongs here: `market/`, `fault_schedule`, `faults`, `ledger`, `message` and the pure parts of `stream/` and
`events_api/`; the edges `websocket`, `handshake`, `http`, `control` and `disk`; `hub` and `server`, where they meet.
Does not: anything the product needs to run; only the command line, the local system and tests use it.
"""
