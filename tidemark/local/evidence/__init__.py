"""What each witness of a run says, read from where it stands: the simulator's ledger, the archive, the warehouse.

Belongs here: reading and counting. Does not: comparing (`tidemark.local.verdict`), showing (`tidemark.local.report`).
"""
