"""Programs that write pages of `docs/` from what the pages describe; `make docs` runs them."""
