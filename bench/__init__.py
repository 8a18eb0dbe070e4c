"""Side-by-side benchmarks: one module with a `main` per question, run by `make bench`.

Each compares on this machine, in one run, in interleaved rounds, and writes named figures into `results.json`.
Ratios travel between machines; absolute figures do not. Belongs here: measuring. Does not: anything the product needs.
"""
